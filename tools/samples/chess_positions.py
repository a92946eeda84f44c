"""A seeded random search for legal chess positions in which exactly one move gives mate."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import chess


@dataclass(frozen=True)
class Theme:
    """What to look for: who mates how, and which pieces join the kings and pawns on the board."""

    name: str
    difficulty: str
    mover: chess.Color
    attackers: str
    defenders: str
    shows_in: Callable[[chess.Board, chess.Move], bool]


def _is_back_rank_mate(mated: chess.Board, move: chess.Move) -> bool:
    """Whether a rook that came from afar mates along the king's first rank."""
    king = _king_square(mated)
    return (
        mated.piece_type_at(move.to_square) == chess.ROOK
        and chess.square_rank(move.to_square) == chess.square_rank(king)
        and chess.square_distance(move.from_square, move.to_square) >= 3
    )


def _is_smothered_mate(mated: chess.Board, move: chess.Move) -> bool:
    """Whether a knight mates a king whose every neighbouring square is taken by its own side."""
    neighbours = mated.attacks(_king_square(mated))
    own = chess.SquareSet(mated.occupied_co[mated.turn])
    return mated.piece_type_at(move.to_square) == chess.KNIGHT and neighbours.issubset(own)


def _king_square(mated: chess.Board) -> chess.Square:
    return mated.pieces(chess.KING, mated.turn).pop()


BACK_RANK = Theme("back-rank mate", "easy", chess.WHITE, "RRB", "qrn", _is_back_rank_mate)
SMOTHERED = Theme("smothered mate", "medium", chess.BLACK, "QNBR", "qrrb", _is_smothered_mate)


def find_position(theme: Theme, rng: random.Random) -> tuple[chess.Board, chess.Move]:
    """A legal position that shows this theme, and its only mating move among tempting checks."""
    while True:
        board = _random_position(theme, rng)
        if not board.is_valid() or board.is_check():
            continue
        checks = [move for move in board.legal_moves if board.gives_check(move)]
        mates = [move for move in checks if _after(board, move).is_checkmate()]
        if len(mates) == 1 and len(checks) >= 3 and _is_quiet_in_theme(board, mates[0], theme):
            return board, mates[0]


def _after(board: chess.Board, move: chess.Move) -> chess.Board:
    after = board.copy(stack=False)
    after.push(move)
    return after


def _is_quiet_in_theme(board: chess.Board, mate: chess.Move, theme: Theme) -> bool:
    return not board.is_capture(mate) and theme.shows_in(_after(board, mate), mate)


def _random_position(theme: Theme, rng: random.Random) -> chess.Board:
    """White to attack a castled black king; turned around where the theme lets Black move."""
    board = chess.Board(None)
    _castle(board, chess.WHITE, rng)
    _castle(board, chess.BLACK, rng)
    for symbol in theme.attackers + theme.defenders:
        free = [square for square in chess.SQUARES if board.piece_at(square) is None]
        board.set_piece_at(rng.choice(free), chess.Piece.from_symbol(symbol))
    return board if theme.mover == chess.WHITE else board.mirror()


def _castle(board: chess.Board, side: chess.Color, rng: random.Random) -> None:
    """Put a king in its corner behind three pawns, and two more pawns on the other wing."""
    home, ahead = (0, 1) if side == chess.WHITE else (7, -1)
    board.set_piece_at(chess.square(rng.choice([6, 7]), home), chess.Piece(chess.KING, side))
    for file in [5, 6, 7, *rng.sample(range(4), 2)]:
        rank = home + ahead * rng.choice([1, 1, 1, 2])
        board.set_piece_at(chess.square(file, rank), chess.Piece(chess.PAWN, side))
