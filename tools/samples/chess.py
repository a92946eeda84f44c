"""Chess questions: positions in which exactly one move gives mate, found by a seeded random search."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import chess

from .chess_pieces import draw_piece
from .drawing import CARD, INK, MUTED, Canvas, Point, mixed
from .question import Question

DOMAIN = "chess"
SEEDS = (11, 23)

SQUARE = 58
MARGIN = 24
LIGHT, DARK, MARK = "#efe6d5", "#9db0a5", "#f0c04f"


@dataclass(frozen=True)
class Theme:
    """What to look for: who mates with which piece, and which other pieces stand on the board."""

    name: str
    difficulty: str
    mating_piece: chess.PieceType
    mover: chess.Color
    attackers: str
    defenders: str


THEMES = (
    Theme("back rank", "easy", chess.ROOK, chess.WHITE, "RRB", "qrn"),
    Theme("knight's net", "medium", chess.KNIGHT, chess.BLACK, "QNNR", "qrrb"),
)


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


def find_position(theme: Theme, rng: random.Random) -> tuple[chess.Board, chess.Move]:
    """A legal, quiet-looking position of this theme, and its only mating move."""
    while True:
        board = _random_position(theme, rng)
        if not board.is_valid() or board.is_check():
            continue
        mates = mating_moves(board)
        if len(mates) == 1 and _is_interesting(board, mates[0], theme):
            return board, mates[0]


def mating_moves(board: chess.Board) -> list[chess.Move]:
    """Every move of the side to move that mates at once."""
    return [move for move in board.legal_moves if board.gives_check(move) and _mates(board, move)]


def _mates(board: chess.Board, move: chess.Move) -> bool:
    board.push(move)
    mated = board.is_checkmate()
    board.pop()
    return mated


def _is_interesting(board: chess.Board, mate: chess.Move, theme: Theme) -> bool:
    """Whether the theme's piece mates on an empty square while other checks tempt and the mover is not in check."""
    checks = sum(board.gives_check(move) for move in board.legal_moves)
    return (
        board.piece_type_at(mate.from_square) == theme.mating_piece
        and not board.is_capture(mate)
        and checks >= 3
        and _forced_worth(board, not board.turn) >= _forced_worth(board, board.turn)
    )


def _forced_worth(board: chess.Board, side: chess.Color) -> int:
    worth = {chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9}
    return sum(len(board.pieces(kind, side)) * value for kind, value in worth.items())


def _random_position(theme: Theme, rng: random.Random) -> chess.Board:
    """White to attack a castled black king; mirrored where the theme lets Black move."""
    board = chess.Board(None)
    _castle(board, chess.BLACK, rng)
    _castle(board, chess.WHITE, rng)
    for symbol in theme.attackers + theme.defenders:
        free = [square for square in chess.SQUARES if board.piece_at(square) is None]
        board.set_piece_at(rng.choice(free), chess.Piece.from_symbol(symbol))
    return board if theme.mover == chess.WHITE else board.mirror()


def _castle(board: chess.Board, side: chess.Color, rng: random.Random) -> None:
    """Put a king in a corner behind pawns, and more pawns on the other wing."""
    home, ahead = (0, 1) if side == chess.WHITE else (7, -1)
    board.set_piece_at(chess.square(rng.choice([6, 7]), home), chess.Piece(chess.KING, side))
    files = [5, 6, 7, *rng.sample(range(4), 2)]
    for file in files:
        rank = home + ahead * rng.choice([1, 1, 1, 2])
        board.set_piece_at(chess.square(file, rank), chess.Piece(chess.PAWN, side))


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


def _square_colour(square: chess.Square, marked: bool) -> tuple[int, int, int]:
    is_dark = (chess.square_file(square) + chess.square_rank(square)) % 2 == 0
    return mixed(DARK if is_dark else LIGHT, MARK, 0.55 if marked else 0)
