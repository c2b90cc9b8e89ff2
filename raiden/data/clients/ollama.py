"""The Modelfile from which `ollama create` makes a model: https://docs.ollama.com/modelfile"""

from collections.abc import Sequence

from raiden.data.clients.turns import ClientSettings, Turns

_QUOTES = '"""'


def modelfile(
    file: str, system: str | None, turns: Turns | None, stops: Sequence[str], settings: ClientSettings, note: str = ""
) -> str:
    """The text of a Modelfile.

    Args:
        file: name of the GGUF file beside it.
        system: who the model is to be; None leaves that to whoever talks with it.
        turns: None leaves the template to Ollama, which knows that of many models.
        note: a comment in front.

    Raises:
        ValueError: a text holds three quotation marks in a row, which end a text in a Modelfile.
    """
    lines = [f"# {note}"] if note else []
    lines.append(f"FROM ./{file}")
    if turns is not None:
        lines.append(f"TEMPLATE {_quoted(go_template(turns))}")
    if system is not None:
        lines.append(f"SYSTEM {_quoted(system)}")
    parameters = {
        "num_ctx": settings.num_context,
        "num_predict": settings.max_tokens,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "top_k": settings.top_k,
        "min_p": settings.min_p,
        "repeat_penalty": 1.0,  # Ollama's own default is not the model's
    }
    lines += [f"PARAMETER {name} {value}" for name, value in parameters.items()]
    lines += [f"PARAMETER stop {_quoted(stop)}" for stop in stops]
    return "\n".join(lines) + "\n"


def go_template(turns: Turns) -> str:
    """The turns as a template of Go's text/template, over Ollama's `.Messages`."""
    branches = [
        f'{{{{ if eq .Role "{role}" }}}}' + before + "{{ .Content }}" + after
        for role, (before, after) in (
            ("system", turns.system),
            ("user", ("", turns.user[1])),
            ("assistant", turns.assistant),
        )
    ]
    system, user, assistant = branches
    if turns.is_folded:
        system += "{{ $open = true }}"
        opening = f"{{{{ if not $open }}}}{turns.user[0]}{{{{ end }}}}{{{{ $open = false }}}}"
    else:
        opening = turns.user[0]
    user = user.replace("}}", "}}" + opening, 1)
    body = "".join((system, user.replace("{{ if", "{{ else if", 1), assistant.replace("{{ if", "{{ else if", 1)))
    start = "{{ $open := false }}" if turns.is_folded else ""
    return f"{start}{{{{ range .Messages }}}}{body}{{{{ end }}}}{{{{ end }}}}{turns.reply}"


def _quoted(text: str) -> str:
    if _QUOTES in text:
        raise ValueError("a Modelfile cannot hold a text with three quotation marks in a row")
    return f"{_QUOTES}{text}{_QUOTES}" if "\n" in text or '"' in text else f'"{text}"'
