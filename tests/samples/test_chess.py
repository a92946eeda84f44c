"""The chess samples are legal positions with exactly one mate in one."""

from typing import Any

import chess
import pytest
from PIL import Image

from tools.samples.chess import MARGIN, SQUARE

DOMAIN = "chess"


def test_positions_are_legal(facts: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Both positions can be played on, and the prompt names the side to move."""
    board, after = chess.Board(facts["fen"]), chess.Board(facts["final_fen"])
    assert board.is_valid()
    assert after.is_valid()
    assert not board.is_check()
    assert f"{chess.COLOR_NAMES[board.turn].capitalize()}'s turn" in metadata["prompt"]


def test_mate_is_the_only_one(facts: dict[str, Any]) -> None:
    """Of all legal moves, only the recorded one mates."""
    board = chess.Board(facts["fen"])
    mates = []
    for move in list(board.legal_moves):
        board.push(move)
        if board.is_checkmate():
            mates.append(move.uci())
        board.pop()
    assert mates == [facts["mate_uci"]]


def test_final_position_follows_from_the_move(facts: dict[str, Any]) -> None:
    """The move, in either notation, leads to the final position."""
    board = chess.Board(facts["fen"])
    move = chess.Move.from_uci(facts["mate_uci"])
    assert board.san(move) == facts["mate_san"]
    assert not board.is_capture(move)
    board.push(move)
    assert board.fen() == facts["final_fen"]


def test_king_is_mated_as_the_theme_says(facts: dict[str, Any]) -> None:
    """A rook mates along the last rank, or a knight mates a king that its own pieces block."""
    after, target = chess.Board(facts["final_fen"]), chess.Move.from_uci(facts["mate_uci"]).to_square
    king = after.king(after.turn)
    assert king is not None
    neighbours = {after.color_at(square) for square in chess.SquareSet(chess.BB_KING_ATTACKS[king])}
    if facts["theme"] == "back-rank mate":
        assert after.piece_type_at(target) == chess.ROOK
        assert chess.square_rank(target) == chess.square_rank(king) == 7
    else:
        assert after.piece_type_at(target) == chess.KNIGHT
        assert neighbours == {after.turn}


@pytest.mark.parametrize("frame", ["first", "final"])
def test_pictures_show_the_position(frame: str, facts: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """Every square shows a dark piece, a light piece or none, as the position says."""
    picture: Image.Image = request.getfixturevalue(frame)
    board = chess.Board(facts["fen" if frame == "first" else "final_fen"])
    for square in chess.SQUARES:
        left, top = MARGIN + chess.square_file(square) * SQUARE, MARGIN + (7 - chess.square_rank(square)) * SQUARE
        tones = picture.convert("L").crop((left + 4, top + 4, left + SQUARE - 4, top + SQUARE - 4)).histogram()
        seen = {(False, False): None, (True, True): chess.WHITE, (True, False): chess.BLACK}
        has_ink, has_white = sum(tones[:100]) > 200, sum(tones[245:]) > 200
        assert seen[has_ink, has_white] == board.color_at(square), chess.square_name(square)
