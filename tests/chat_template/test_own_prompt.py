"""A run with the user's own prompt: it is in what the model reads, in the log, and goes along with the export."""

from __future__ import annotations

import json

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from raiden.__main__ import main
from raiden.commands.prompt_options import read_record
from raiden.data.samples import load_samples
from raiden.rollout.engines import TransformersEngine
from raiden.train.checkpoints import checkpoints_of
from tests.parsers import keep_parsers
from tests.runs import fit_arguments, write_samples_file

TEXT = (
    "You play a game of {name}.  Two blanks stay.\n\n<Character Setting>\nName: {name}\nTown: York\n"
    "</Character Setting>\n\n* Never break character | ```ever```.\n\n  End."
)


@pytest.fixture
def engine_prompts(monkeypatch, tiny_tokenizer):
    """What the engine is given, as text."""
    seen = set()
    generate = TransformersEngine.generate

    def watched(engine, prompts, *settings, **more):
        seen.update(tiny_tokenizer.decode(ids) for ids in prompts)
        return generate(engine, prompts, *settings, **more)

    monkeypatch.setattr(TransformersEngine, "generate", watched)
    return seen


def test_the_text_of_the_profiles_file_is_the_prompt_of_the_run_and_of_all_that_follows(
    tiny_folder, tmp_path, monkeypatch, engine_prompts
):
    keep_parsers(monkeypatch)
    samples = write_samples_file(tmp_path / "samples.json")
    profiles = tmp_path / "profiles.jsonl"
    texts = {name: TEXT.format(name=name) for name in ("Ada", "Ben", "Cleo")}
    profiles.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in texts.values()), encoding="utf-8")
    words = [f"--data.profiles={profiles}", "--data.prompt=profile", "--trainer.max_epochs=1"]
    arguments = fit_arguments(tiny_folder, samples, tmp_path / "logs", *words, "--trainer.limit_train_batches=1")
    assert main(arguments) == 0
    asked = set(engine_prompts)
    assert all(any(f"system\n{text}<|im_end|>" in prompt for text in texts.values()) for prompt in asked)

    run = tmp_path / "logs" / "tiny" / "version_0"
    events = EventAccumulator(str(run), size_guidance={"tensors": 0}).Reload()
    table, *_ = (e.tensor_proto.string_val[0].decode() for e in events.Tensors("completions/text_summary"))
    assert any(text in table for text in texts.values())
    assert read_record(run / "export" / "raiden.json").texts == texts

    profiles.unlink()  # the run's own record is enough
    for number, model in enumerate((run / "export", checkpoints_of(run)[-1])):
        engine_prompts.clear()
        told = ["--eval_data", str(samples), "--output_file", str(tmp_path / f"{number}.json"), "--max_tokens", "2"]
        assert main(["validate", "--model_path", str(model), *told]) == 0
        assert engine_prompts >= asked
    output = tmp_path / "chatml.json"
    command = ["convert", str(samples), "--to", "chatml", "--output", str(output)]
    assert main([*command, "--prompts_of", str(run / "export")]) == 0
    rows = json.loads(output.read_text(encoding="utf-8"))
    assert [row["messages"][0]["content"] for row in rows] == [texts[s.character_name] for s in load_samples(samples)]


def test_the_command_prints_the_prompt_its_tokens_and_what_is_shared(tiny_folder, tmp_path, monkeypatch, capsys):
    keep_parsers(monkeypatch)
    samples = write_samples_file(tmp_path / "samples.json")
    template = tmp_path / "mine.jinja"
    template.write_text("You are {{ name }}.\n{{ profile }}\n", encoding="utf-8")
    (_, *words) = fit_arguments(tiny_folder, samples, tmp_path / "logs", f"--data.prompt_template={template}")
    assert main(["prompt", *words, "--sample", "2"]) == 0
    said = capsys.readouterr().out
    assert "<|im_start|>system\nYou are " in said
    assert "chat template of " in said
    assert "sample: question" in said
    assert "shared with the next question about " in said
    assert not (tmp_path / "logs").exists()
    assert main(["prompt", *words, "--sample", "99"]) == 2
    assert "`sample` must be a number from 1 to " in capsys.readouterr().err


def test_one_of_two_prompts_is_refused(tiny_folder, tmp_path, capsys):
    samples = write_samples_file(tmp_path / "samples.json")
    (tmp_path / "mine.jinja").write_text("{{ name }}", encoding="utf-8")
    arguments = ["convert", str(samples), "--to", "trl", "--output", str(tmp_path / "out.json")]
    both = ["--prompt_template", str(tmp_path / "mine.jinja"), "--prompt_profiles", "data/online_profiles.jsonl"]
    assert main([*arguments, *both]) == 2
    assert "`prompt_template` and `prompt_profiles` are two prompts" in capsys.readouterr().err
    assert main([*arguments, "--prompts_of", str(tmp_path)]) == 2
    assert "`prompts_of`: " in capsys.readouterr().err
