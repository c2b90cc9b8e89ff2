"""How replies are drawn, as far as other programs are told."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClientSettings:
    """Of the run; without one, all tokens as likely as the model has them."""

    num_context: int
    """Tokens of a prompt and its reply, at most."""
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    """0 keeps all."""
    min_p: float = 0.0
    max_tokens: int = 256
    """Longest reply, in tokens."""
