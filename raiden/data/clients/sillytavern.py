"""A preset of SillyTavern for text completion, as its Advanced Formatting imports and exports it in one file.

https://docs.sillytavern.app/usage/prompts/advancedformatting/
"""

from collections.abc import Sequence
from typing import Any

from raiden.core.reasoning import CLOSING, OPENING
from raiden.data.clients.turns import ClientSettings, Turns

NAME, CARD = "{{char}}", "{{description}}"
"""What SillyTavern puts the character's name and the text of its card for."""


def preset(
    name: str, system: str, turns: Turns | None, stops: Sequence[str], settings: ClientSettings
) -> dict[str, Any]:
    """The sections of the file.

    Args:
        name: under which SillyTavern lists them.
        system: the prompt of the run, with `NAME` and `CARD` in it.
        turns: None leaves the template that is chosen in SillyTavern.
    """
    sections: dict[str, Any] = {
        "sysprompt": {"name": name, "content": system, "post_history": ""},
        "preset": _sampling(name, settings),
        "reasoning": {"name": name, "prefix": f"{OPENING}\n", "suffix": f"\n{CLOSING}", "separator": "\n\n"},
    }
    if turns is not None:
        sections |= {"instruct": _instruct(name, turns, stops), "context": _context(name)}
    return sections


def _instruct(name: str, turns: Turns, stops: Sequence[str]) -> dict[str, Any]:
    return {
        "name": name,
        "input_sequence": turns.user[0],
        "input_suffix": turns.user[1],
        "output_sequence": turns.assistant[0],
        "output_suffix": turns.assistant[1],
        "last_output_sequence": turns.reply,
        "system_sequence": turns.user[0] if turns.is_folded else turns.system[0],
        "system_suffix": turns.user[1] if turns.is_folded else turns.system[1],
        "story_string_prefix": turns.system[0],
        # Between setting and first turn, where they are one: an empty sequence would be the usual one.
        "story_string_suffix": turns.system[1][:-1] if turns.is_folded else turns.system[1],
        "first_input_sequence": turns.system[1][-1:] if turns.is_folded else "",
        "first_output_sequence": "",
        "last_input_sequence": "",
        "last_system_sequence": "",
        "stop_sequence": next(iter(stops), ""),
        "sequences_as_stop_strings": True,
        "wrap": False,
        "macro": True,
        "names_behavior": "none",  # the run's prompts have no names in front of turns
        "activation_regex": "",
        "skip_examples": False,
        "system_same_as_user": turns.is_folded,
        "user_alignment_message": "",
    }


def _context(name: str) -> dict[str, Any]:
    """The prompt and nothing else: what the card says stands in it."""
    return {
        "name": name,
        "story_string": "{{#if system}}{{system}}{{/if}}{{trim}}",
        "example_separator": "",
        "chat_start": "",
        "use_stop_strings": False,
        "names_as_stop_strings": True,
        "story_string_position": 0,
        "story_string_depth": 1,
        "story_string_role": 0,
        "always_force_name2": False,
        "trim_sentences": False,
        "single_line": False,
    }


def _sampling(name: str, settings: ClientSettings) -> dict[str, Any]:
    return {
        "name": name,
        "temp": settings.temperature,
        "temperature_last": False,
        "top_p": settings.top_p,
        "top_k": settings.top_k,
        "min_p": settings.min_p,
        "top_a": 0,
        "tfs": 1,
        "typical_p": 1,
        "rep_pen": 1,
        "rep_pen_range": 0,
        "freq_pen": 0,
        "presence_pen": 0,
        "dry_multiplier": 0,
        "xtc_probability": 0,
        "mirostat_mode": 0,
        "do_sample": settings.temperature > 0,
        "add_bos_token": True,  # the file says whether there is one
        "ban_eos_token": False,
        "skip_special_tokens": True,
        "genamt": settings.max_tokens,
        "max_length": settings.num_context,
    }
