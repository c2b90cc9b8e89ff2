"""A process that renders one template, and dies when that takes too long. Started by `Sandbox` as a script.

A template comes with a model, from whoever made it. Jinja's sandbox keeps it from the machine, but neither from loops
in loops nor from gigabytes of text; the limits of a process do, wherever the time or the memory goes.

Reads lines of JSON: the limits and the template, then the variables and the day of one text each. Writes a line of
JSON for each: `{"text": ...}`, or `{"fault": ...}`.
"""

import json
import resource
import signal
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any

import jinja2
import jinja2.ext
from jinja2.nodes import CallBlock, Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(jinja2.ext.Extension):
    """`{% generation %}` marks what an assistant says, for training on it; here it is text like any other."""

    tags = {"generation"}  # noqa: RUF012 - as Jinja has it

    def parse(self, parser: Parser) -> Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return CallBlock(self.call_method("_said"), [], [], body).set_lineno(line)

    def _said(self, caller: Any) -> str:
        return str(caller())


def environment() -> ImmutableSandboxedEnvironment:
    """That of transformers' `apply_chat_template`."""
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    made.filters["tojson"] = _to_json
    made.globals["raise_exception"] = _refuse
    return made


def _to_json(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)


class Renderer:
    """One template, made when it is first used."""

    def __init__(self, source: str, max_characters: int) -> None:
        self.source = source
        self.max_characters = max_characters
        self._template: jinja2.Template | None = None

    def reply(self, variables: dict[str, Any], date: str) -> dict[str, str]:
        """The text of a conversation on a day, or why there is none."""
        try:
            self._template = self._template or environment().from_string(self.source)
            self._template.globals["strftime_now"] = datetime.fromisoformat(date).strftime
            pieces: list[str] = []
            length = 0
            for piece in self._template.generate(**variables):
                length += len(piece)
                if length > self.max_characters:
                    return {"fault": f"it makes more than {self.max_characters:,} characters of this conversation"}
                pieces.append(piece)
            return {"text": "".join(pieces)}
        except MemoryError:
            return {"fault": "it needs too much memory"}
        except Exception as fault:  # a template may do anything with what it is given
            return {"fault": str(fault) or type(fault).__name__}


def main() -> None:
    """Renders what comes on the standard input until that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    limits = json.loads(sys.stdin.readline())
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(ValueError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (limits["max_bytes"], hard))
    renderer = Renderer(limits["template"], limits["max_characters"])
    for line in sys.stdin:
        # Processor time, not that of a clock: a busy or a suspended machine is no fault of the template's.
        signal.setitimer(signal.ITIMER_PROF, limits["max_seconds"])
        asked = json.loads(line)
        reply = renderer.reply(asked["variables"], asked["date"])
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
