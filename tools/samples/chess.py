"""Chess questions: find the one move that gives mate."""

import random
from collections.abc import Sequence

import chess

from .chess_pieces import draw_piece
from .chess_positions import BACK_RANK, SMOTHERED, find_position
from .drawing import CARD, INK, MUTED, Canvas, Point, Rgb, mixed
from .question import Question

DOMAIN = "chess"
SEEDS = (7, 8)
THEMES = (BACK_RANK, SMOTHERED)

SQUARE = 58
MARGIN = 24
LIGHT, DARK, MARK = "#efe6d5", "#9db0a5", "#f0c04f"


def question(index: int) -> Question:
    """The chess question with this index."""
    theme, seed = THEMES[index], SEEDS[index]
    board, mate = find_position(theme, random.Random(seed))
    after = board.copy()
    after.push(mate)
    return Question(
        domain=DOMAIN,
        index=index,
        seed=seed,
        difficulty=theme.difficulty,
        prompt=_prompt(board),
        data={
            "theme": theme.name,
            "fen": board.fen(),
            "mate_san": board.san(mate),
            "mate_uci": mate.uci(),
            "final_fen": after.fen(),
        },
        first_frame=draw_board(board).finished(),
        final_frame=draw_board(after, (mate.from_square, mate.to_square)).finished(),
    )


def _prompt(board: chess.Board) -> str:
    side = "White" if board.turn == chess.WHITE else "Black"
    return (
        f"It is {side}'s turn in this chess position, and exactly one move gives checkmate. "
        "Show that move by sliding the piece smoothly to its new square, then tint the square it left and the square "
        "it reached in yellow. Keep the camera fixed and everything else unchanged."
    )


def draw_board(board: chess.Board, marked: Sequence[chess.Square] = ()) -> Canvas:
    """The board seen from White's side, with coordinates and the marked squares tinted."""
    canvas = Canvas(CARD)
    for square in chess.SQUARES:
        left, top = _corner(square)
        canvas.box((left, top, left + SQUARE, top + SQUARE), _square_colour(square, square in marked))
    edge = MARGIN + 8 * SQUARE
    canvas.line([(MARGIN, MARGIN), (edge, MARGIN), (edge, edge), (MARGIN, edge), (MARGIN, MARGIN)], INK, 1.5)
    _draw_coordinates(canvas)
    for square, piece in board.piece_map().items():
        draw_piece(canvas, piece.symbol(), _corner(square), SQUARE)
    return canvas


def _draw_coordinates(canvas: Canvas) -> None:
    for step in range(8):
        middle = MARGIN + (step + 0.5) * SQUARE
        canvas.text((middle, 512 - MARGIN / 2), "abcdefgh"[step], 14, MUTED, 0.2)
        canvas.text((MARGIN / 2, middle), "87654321"[step], 14, MUTED, 0.2)


def _corner(square: chess.Square) -> Point:
    return MARGIN + chess.square_file(square) * SQUARE, MARGIN + (7 - chess.square_rank(square)) * SQUARE


def _square_colour(square: chess.Square, marked: bool) -> Rgb:
    is_dark = (chess.square_file(square) + chess.square_rank(square)) % 2 == 0
    return mixed(DARK if is_dark else LIGHT, MARK, 0.55 if marked else 0)
