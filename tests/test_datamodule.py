"""From files to batches of prompts: what is dropped, kept apart, repeated and resumed."""

from __future__ import annotations

import json
import logging
import random
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from raiden.core.errors import ConfigError, ProfileError, SampleError
from raiden.core.types import Prompt
from raiden.data.samples import parse_sample
from raiden.train.datamodule import RoleplayDataModule
from raiden.train.loaders import PromptBatches, PromptLoader, shuffled
from tests.records import sample_record, write_json
from tests.runs import finish, fit_arguments, raiden


def records(*names, questions=3, **changes):
    return [
        sample_record(character_name=name, question=f"{name} {i}?", **changes)
        for name in names
        for i in range(questions)
    ]


def prompts(*names, questions=3):
    return [Prompt(parse_sample(r, "here"), (i,)) for i, r in enumerate(records(*names, questions=questions))]


def questions_of(batches):
    return [[prompt.sample.question for prompt in batch] for batch in batches]


# The loader


def test_every_sample_comes_once_an_epoch():
    loader = PromptLoader(prompts(*"abcd"), batch_size=5, questions_per_character=1, seed=0)
    first, second = ([p for batch in loader for p in batch] for _ in range(2))
    assert Counter(p.token_ids for p in first) == Counter((i,) for i in range(12))
    assert sorted(first, key=lambda p: p.token_ids) == sorted(second, key=lambda p: p.token_ids)
    assert first != second


def test_a_step_holds_the_same_prompts_in_every_run():
    one, two = (PromptLoader(prompts(*"abcd"), 5, 2, seed=3) for _ in range(2))
    in_order = questions_of([*one, *one])
    assert [questions_of([two.batch(step)])[0] for step in (5, 0, 4, 2, 1, 3)] == [
        in_order[s] for s in (5, 0, 4, 2, 1, 3)
    ]
    assert questions_of(PromptLoader(prompts(*"abcd"), 5, 2, seed=4)) != in_order[:3]


@pytest.mark.parametrize("taken", [0, 1, 2, 3, 4, 5, 7])
def test_a_loader_resumes_anywhere_in_an_epoch_and_over_epochs(taken):
    whole = PromptLoader(prompts(*"abc"), 4, 1, seed=1)  # 9 prompts: 3 steps an epoch
    steps = questions_of(whole.batch(step) for step in range(10))
    stopped = PromptLoader(prompts(*"abc"), 4, 1, seed=1)
    while stopped.num_taken < taken:
        for _ in stopped:
            if stopped.num_taken == taken:
                break
    resumed = PromptLoader(prompts(*"abc"), 4, 1, seed=1)
    resumed.load_state_dict(stopped.state_dict())
    assert questions_of(resumed) == steps[taken : taken + 3]


def test_an_epoch_is_put_in_order_once_however_many_steps_it_has(monkeypatch):
    drawn = []
    monkeypatch.setattr("raiden.train.loaders.shuffled", lambda *given: drawn.append(given[2]) or shuffled(*given))
    loader = PromptLoader(prompts(*"abc"), 2, 1, seed=1)  # 5 steps an epoch
    assert len([*loader, *loader]) == 10
    assert drawn == ["1 0", "1 1"]


def test_a_change_of_the_order_elsewhere_does_not_move_the_stream():
    loader = PromptLoader(prompts(*"abcd"), 5, 1, seed=0)
    before = questions_of([loader.batch(0)])
    random.seed(99)
    assert questions_of([loader.batch(0)]) == before


@pytest.mark.parametrize("neighbours", [1, 2, 3])
def test_questions_about_one_character_stand_next_to_each_other(neighbours):
    names = [p.sample.character_name for p in shuffled(prompts(*"abcdef", questions=6), neighbours, "seed")]
    groups = [names[i : i + neighbours] for i in range(0, len(names), neighbours)]
    assert all(len(set(group)) == 1 for group in groups)
    assert any(first[0] != second[0] for first, second in pairwise(groups))


def test_in_order_all_prompts_come_once_and_the_last_batch_may_be_short():
    given = prompts(*"ab", questions=2)
    assert list(PromptBatches(given, 3)) == [given[:3], given[3:]]
    assert len(PromptBatches(given, 3)) == 2


# The data module


@pytest.fixture
def make(tiny_folder, tmp_path):
    """Makes and sets up a data module over records."""

    def make(train, val=None, **options):
        options = {"tokenizer": str(tiny_folder), **options}
        if val is not None:
            options["val_file"] = str(write_json(tmp_path / "val.json", val))
        data = RoleplayDataModule(str(write_json(tmp_path / "train.json", train)), **options)
        data.setup("fit")
        return data

    return make


@pytest.fixture
def log(caplog):
    """What Lightning's logger of the first process is told."""
    logger = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO, logger.name)
    yield caplog
    logger.removeHandler(caplog.handler)


def all_prompts(loader):
    return [prompt for batch in loader for prompt in batch]


def characters(loader):
    return {prompt.sample.character_name for prompt in all_prompts(loader)}


def test_a_prompt_is_the_chat_template_of_setting_history_and_question(make, tiny_tokenizer):
    data = make(records("a", "b", questions=1), val_ratio=0.5)
    (prompt,) = all_prompts(data.val_dataloader())
    name = prompt.sample.character_name
    text = tiny_tokenizer.decode(prompt.token_ids)
    assert text.startswith("<|im_start|>system\n<Character Setting>\nName: 小明\n")
    assert text.endswith(
        "<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\n你好呀<|im_end|>\n"
        f"<|im_start|>user\n{name} 0?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_without_a_validation_file_a_share_of_the_characters_is_held_out(make):
    data = make(records(*"abcde"), val_ratio=0.4)
    train, held_out = characters(data.train_dataloader()), characters(data.val_dataloader())
    assert (len(train), len(held_out)) == (3, 2)
    assert not train & held_out


def test_a_validation_file_is_taken_as_it_is(make):
    data = make(records("a", "b"), val=records("c"))
    assert (characters(data.train_dataloader()), characters(data.val_dataloader())) == ({"a", "b"}, {"c"})


def test_a_character_in_both_files_is_refused_by_name(make):
    with pytest.raises(SampleError, match=r"val\.json: held-out .*train\.json trains on: b; .*data\.val_file"):
        make(records("a", "b"), val=records("b", "c"))


def test_prompts_that_are_too_long_are_dropped_and_counted_in_the_log(make, log):
    long_one = sample_record(character_name="a", question="长" * 2000)
    data = make([*records("a", "b"), long_one], val=records("c"), max_prompt_tokens=1500)
    assert len(all_prompts(data.train_dataloader())) == 6
    assert "train: dropped 1 of 7 prompts, longer than data.max_prompt_tokens=1500." in log.messages
    assert not any("validation" in message for message in log.messages)


def test_the_limit_itself_is_allowed(make, log):
    length = max(len(p.token_ids) for p in all_prompts(make(records("a", "b")).train_dataloader()))
    data = make(records("a", "b"), max_prompt_tokens=length)
    assert len(all_prompts(data.train_dataloader())) == 3
    assert not [message for message in log.messages if "dropped" in message]


def test_only_the_languages_asked_for_are_kept(make):
    other = records("c", "d", metadata={"language": "ja"})
    kept = [p.sample for p in all_prompts(make([*records("a", "b"), *other], languages=["ja"]).train_dataloader())]
    assert {s.language for s in kept} == {"ja"}
    assert {s.character_name for s in kept} < {"c", "d"}


def test_the_think_format_reaches_the_prompt(make, tiny_tokenizer):
    data = make(records("a", "b"), response_format="think")
    assert "</think>" in tiny_tokenizer.decode(all_prompts(data.val_dataloader())[0].token_ids)


def test_test_samples_come_from_their_own_file(make, tmp_path):
    path = write_json(tmp_path / "test.json", records("z"))
    data = make(records("a", "b"), test_file=str(path))
    assert characters(data.test_dataloader()) == characters(data.predict_dataloader()) == {"z"}


# Profiles instead of samples

PROFILES = Path(__file__).parent.parent / "data" / "online_profiles.jsonl"


@pytest.fixture
def profiles_file(tmp_path):
    """The first six of the shipped profiles."""
    path = tmp_path / "my_characters.jsonl"
    path.write_text("".join(PROFILES.read_text(encoding="utf-8").splitlines(keepends=True)[:6]), encoding="utf-8")
    return str(path)


def from_profiles(tiny_folder, path, **options):
    data = RoleplayDataModule(profiles=path, tokenizer=str(tiny_folder), max_prompt_tokens=8192, **options)
    data.setup("fit")
    return data


def test_profiles_alone_give_samples_of_both_kinds_split_by_character(tiny_folder, profiles_file, log):
    data = from_profiles(tiny_folder, profiles_file, samples_per_profile=2)
    train, held_out = all_prompts(data.train_dataloader()), all_prompts(data.val_dataloader())
    assert f"made 24 samples from the 6 profiles of {profiles_file}." in log.messages
    assert (len(train), len(held_out)) == (20, 4)
    assert Counter(p.sample.focus for p in held_out) == {"sbk": 2, "cm": 2}
    assert not characters(data.train_dataloader()) & characters(data.val_dataloader())


def test_the_samples_of_profiles_depend_on_the_seed_alone(tiny_folder, profiles_file):
    first, again, other = (
        {p.sample.id for p in all_prompts(from_profiles(tiny_folder, profiles_file, seed=seed).val_dataloader())}
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_profiles_may_be_held_out_against_a_file_of_samples(tiny_folder, profiles_file, tmp_path):
    held_out = str(write_json(tmp_path / "val.json", records("z")))
    data = from_profiles(tiny_folder, profiles_file, val_file=held_out)
    assert (len(characters(data.train_dataloader())), characters(data.val_dataloader())) == (6, {"z"})


@pytest.mark.parametrize(
    ("options", "state"),
    [({}, "not set"), ({"train_file": "a.json", "profiles": "b.jsonl"}, "both set")],
)
def test_samples_or_profiles_must_be_given_and_not_both(options, state):
    with pytest.raises(ConfigError, match=rf"`data\.train_file` and `data\.profiles` are {state}; give"):
        RoleplayDataModule(**options)


def test_raiden_fit_trains_from_profiles_alone(tiny_folder, tmp_path):
    setting = "<Character Setting>\nName: {}\nAge: {}\nHometown: {}\n</Character Setting>"
    people = (("Ada", 27, "York"), ("Ben", 31, "Leeds"), ("Cleo", 19, "Bath"))
    lines = [json.dumps({"prompt": setting.format(*person)}) + "\n" for person in people]
    (tmp_path / "my_characters.jsonl").write_text("".join(lines), encoding="utf-8")
    options = ["--data.profiles=my_characters.jsonl", "--trainer.limit_train_batches=1", "--trainer.max_epochs=1"]
    arguments = fit_arguments(tiny_folder, tmp_path, tmp_path / "logs", *options)
    output = finish(raiden(*(a for a in arguments if not a.startswith("--data.train_file")), cwd=tmp_path))
    assert "made 21 samples from the 3 profiles of my_characters.jsonl." in output
    assert list((tmp_path / "logs").rglob("summary.json"))


def test_a_broken_profile_is_named_by_its_line(tiny_folder, tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"prompt": "nothing"}\n', encoding="utf-8")
    with pytest.raises(ProfileError, match=r"bad\.jsonl:1: "):
        from_profiles(tiny_folder, str(path))


# Chat templates that cannot make the conversation

REFUSING = (
    "{% for m in messages %}{% if '0?' in m.content %}{{ raise_exception('Not that question!') }}{% endif %}"
    "{{ m.content }}{% endfor %}"
)


@pytest.fixture
def with_template(tiny_folder, tmp_path):
    """The tiny model's folder with another chat template."""

    def with_template(template):
        folder = tmp_path / "model"
        shutil.copytree(tiny_folder, folder)
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        return str(folder)

    return with_template


def test_a_refusal_of_the_chat_template_names_tokenizer_and_sample(make, with_template):
    with pytest.raises(ConfigError, match=r"`model\.policy\.path`: the chat template of .*model refuses") as refusal:
        make(records("a", "b", questions=1), tokenizer=with_template(REFUSING))
    message = str(refusal.value)
    assert "Not that question!" in message
    assert " 0?" in message  # the question
    assert "turns: system, user, assistant, user" in message


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% for message in %}", "Expected an expression"),
        ("Hello!", "it leaves out what the messages say"),
        ("{{ raise_exception('Tools only!') }}", "Tools only!"),
    ],
)
def test_a_chat_template_that_makes_no_conversation_is_refused_before_the_samples_are_read(
    make, with_template, template, reason
):
    with pytest.raises(
        ConfigError, match=r"`model\.policy\.path`: the chat template of .* makes no prompt"
    ) as refusal:
        make([], tokenizer=with_template(template))
    assert reason in str(refusal.value)


@pytest.mark.parametrize("date", ["yesterday", "2026-13-01"])
def test_a_date_that_is_none_is_refused(make, date):
    with pytest.raises(ConfigError, match=r"`data\.date` must be a day as YYYY-MM-DD, got"):
        make(records("a", "b"), date=date)


def test_what_was_found_of_the_chat_template_stands_in_the_log_once_and_in_the_checkpoint(make, log):
    data = make(records("a", "b"), date="2026-01-31", chat_template_kwargs={"a": 1})
    (line,) = {message for message in log.messages if message.startswith("chat template of ")}
    assert "takes a system message; takes turns in any order" in line
    state = data.state_dict()
    assert line.endswith(f": {state['chat_template']}")
    assert state["prompts"]["date"] == "2026-01-31"
    assert state["prompts"]["chat_template_kwargs"] == {"a": 1}
