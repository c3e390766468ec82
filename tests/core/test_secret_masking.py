from __future__ import annotations

import pytest

from tlbench.core.content_key import key_content
from tlbench.core.run_spec import RunSpec, content_key
from tlbench.core.secret_masking import is_secret_name, is_secret_variable, masked, masked_command, masked_params
from tlbench.records.record import Failure, new_record

BASE = {
    "strategy": "dann", "strategy_version": "1", "params": {}, "dataset": "d", "revisions": {"t": "r"},
    "backbone": "b", "backbone_version": "1", "source": ("s",), "target": "t", "setting": "transductive",
    "shots": None, "evaluation": "held-out", "seed": 0, "budget": {}, "training": {}, "compute": {},
}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["api_token", "token", "HF_TOKEN", "apiKey", "db_password", "client_secret", "AWS_ACCESS_KEY"]
)
def test_names_of_secrets_are_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["mask_token", "max_tokens", "token_type", "tokenizer", "run_key", "key", "monkey", "pass"]
)
def test_names_of_other_things_are_left_alone(name):
    assert not is_secret_name(name)


def test_variables_may_end_as_secrets_do():
    assert is_secret_variable("OPENAI_KEY")
    assert not is_secret_variable("PWD")
    assert not is_secret_variable("HOME")


def test_values_of_secret_variables_are_masked_wherever_they_stand():
    environment = {"MY_TOKEN": "sesame-open", "EDITOR": "vi-editor", "A_TOKEN": "no"}
    assert masked("it said sesame-open in vi-editor, no", environment) == "it said *** in vi-editor, no"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("--set x.api_token=abc --seed 3", "--set x.api_token=*** --seed 3"),
        ("--set 'x.api_token=abc'", "--set 'x.api_token=***'"),
        ("--api-token abc", "--api-token ***"),
        ('{"password": "a b", "n": 1}', '{"password": "***", "n": 1}'),
        ("https://me:pw@host/x", "https://***@host/x"),
        ("Authorization: Bearer abcdefghij", "Authorization: Bearer ***"),
        ("hf_abcdefghijklmnopqrstuv", "***"),
        ("unexpected token in line 3, key 'x'", "unexpected token in line 3, key 'x'"),
        ("dann.mask_token=[MASK]", "dann.mask_token=[MASK]"),
    ],
)
def test_secrets_by_name_and_by_form(text, shown):
    assert masked(text, {}) == shown


def test_a_command_line_keeps_its_shape():
    given = ["run", "s.toml", "--set", "x.api_token=a b", "--hf-token", "zz", "--data", "/d"]
    assert masked_command(given) == ["run", "s.toml", "--set", "x.api_token=***", "--hf-token", "***", "--data", "/d"]


def test_parameters_stay_apart_and_what_is_masked_stays():
    one, two = masked_params({"api_token": "a", "lr": 1}), masked_params({"api_token": "b", "lr": 1})
    assert one["lr"] == 1
    assert "a" != one["api_token"] != two["api_token"]
    assert masked_params(one) == one


def test_a_record_has_no_secret_and_the_key_of_its_run(monkeypatch):
    monkeypatch.setenv("SOME_PASSWORD", "hunter2-hunter2")
    spec = RunSpec(**{**BASE, "params": {"api_token": "sesame", "inner": {"secret": "s2"}}})
    failure = Failure(type="KeyError", message="hunter2-hunter2", log=["x.api_token=sesame", "fine"])
    record = new_record(spec, "dann", "failed", {}, error=failure, notes=["hunter2-hunter2"])
    text = record.model_dump_json()
    assert not [word for word in ("sesame", 's2"', "hunter2") if word in text]
    assert record.spec.key == record.run_key == spec.key
    assert RunSpec(**{**BASE, "params": {"api_token": "other"}}).key != spec.key


def test_keys_without_secrets_are_the_hash_of_the_whole_description():
    spec = RunSpec(**{**BASE, "params": {"mask_token": "x", "adversarial_weight": 0.1}})
    assert spec.key == content_key("run", key_content(spec))
