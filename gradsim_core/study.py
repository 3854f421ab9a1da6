"""A study: one frozen question, with a signature that names its results.

Conventions
-----------
The YAML is flat, and each key has the name of the command-line option (``batch_size`` is
``--batch-size``). The *signature* is a SHA-256 over every setting that changes a number, over
the data's fingerprints and over the model's fingerprint; paths, names and machine settings
are left out, so the same question has the same signature on every machine.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gradsim_core.fingerprints import TINY_BYTES

METHOD_VERSION = 2
"""Raised whenever the same study would leave other results than before."""

SIGNATURE_LENGTH = 16
"""Hexadecimal digits of the SHA-256 that name a study's folder (64 bits)."""

LORA_LEARNING_RATE = 2e-4
"""Adapters take larger steps than whole encoders: Hu et al. 2021 (arXiv 2106.09685) 0.0002 and up
for RoBERTa, Dettmers et al. 2023 (arXiv 2305.14314) 0.0002 for models of up to 13 billion."""

_NOT_IN_SIGNATURE = {"name", "preset", "data", "hub", "hub_config", "hub_revision", "columns",
                     "languages", "rows", "score_rows", "lowercase", "task", "model",
                     "model_revision", "by_topic", "topics", "recompute", "keep_weights"}

_LEFT_OUT_AT_DEFAULT = {"block_detail", "lora_rank", "micro_rows", "precision", "sketch_error"}
"""Settings that came later: at their defaults they leave the signatures of before."""


class Study(BaseModel):
    """One frozen question: data + languages + task + model + training + gradient settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("", max_length=200, description="A title for people; changes nothing.")

    # data: a preset, a local path, a hub id, or a preset with a local clone as its path
    preset: str | None = Field(None, description="Named data set with its columns and metric.")
    data: str | None = Field(None, description="Local file or folder, or a preset's local clone.")
    hub: str | None = Field(None, description="Hugging Face data set id.")
    hub_config: str | None = Field(
        None, description="Configuration of the hub data set; {language} stands for each language.")
    hub_revision: str | None = Field(None, description="Revision (commit) of the hub data set.")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Role -> column name; roles: text, label, language, split, topic, id.")
    languages: tuple[str, ...] = Field(
        (), description="Languages in any spelling; empty means all that the data has.")
    task: Literal["sequence", "token"] | None = Field(
        None, description="One label a text, or one a word; needed when no preset says it.")
    rows: int | None = Field(
        None, ge=2, description="At most this many training rows a language (seeded choice).")
    score_rows: int | None = Field(
        None, ge=1, description="At most this many rows a language of dev, and of test (seeded).")
    lowercase: bool | None = Field(
        None, description="Lower-case all text; the default is the preset's (built-in: yes).")

    by_topic: bool = Field(False, description="Split every language by the topic of its rows: "
                           "each language x topic counts as a language of its own.")
    topics: str | None = Field(
        None, description="JSON file that gives each text its topic (made by `gradsim topics`), "
        "for data without a topic column.")

    # model
    model: str = Field("tiny-bytes", description="tiny-bytes, a local folder, or a hub id; a "
                       "saved LoRA adapter trains on (set learning_rate then, such as 0.0002).")
    model_revision: str | None = Field(None, description="Revision (commit) of the hub model.")
    max_length: int = Field(128, ge=8, le=8192, description="Longest sequence, in tokens.")

    lora_rank: int | None = Field(
        None, ge=1, le=1024, description="Train low-rank adapters (LoRA) of this rank beside the "
        "frozen encoder, and compare their gradients; left out: the whole encoder.")

    # training
    steps: int = Field(72, ge=1, le=1_000_000, description="Optimizer steps (the budget).")
    batch_size: int = Field(
        16, ge=2, le=65_536, description="Rows a language and step, split into two halves; even.")
    learning_rate: float | None = Field(
        None, gt=0, le=1, description="Peak learning rate of AdamW; left out: 0.001 for "
        "tiny-bytes, 0.0002 with lora_rank, 0.00002 for any other model.")
    warmup: float = Field(0.1, ge=0, lt=1, description="Share of the steps that warm up.")
    weight_decay: float = Field(0.01, ge=0, le=1, description="AdamW weight decay.")
    seed: int = Field(0, ge=0, lt=2**31, description="Seed of weights, order and dropout.")

    micro_rows: int | None = Field(
        None, ge=1, le=65_536, description="Rows computed at a time, where a language's half batch "
        "takes too much memory; left out: all.")
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="Numbers that the forward and backward pass compute with; weights, "
        "their gradients and Grams stay float32 or finer.")
    recompute: bool = Field(
        False, description="Gradient checkpointing: compute activations twice instead of keeping "
        "them. Less memory, about a third more time, the same numbers.")

    # gradients
    snapshots: int = Field(8, ge=1, le=1000, description="Points at which Grams are recorded.")
    gradients: Literal["auto", "exact", "sketch"] = Field(
        "auto", description="Keep whole gradients, or a sketch; auto: exact up to 1 GiB.")
    sketch_size: int = Field(
        16_381, ge=64, le=2**24, description="Numbers kept a block in sketch mode.")
    sketch_error: float | None = Field(
        None, gt=0, lt=1, description="Largest error of a cosine that the sketch may make; sets "
        "sketch_size. Left out: sketch_size as it is.")
    block_detail: Literal["layer", "module"] = Field(
        "layer", description="One block a layer, or three: attention, feed-forward, norms.")
    keep_weights: bool = Field(
        False, description="Keep the model's weights at every snapshot, those of a small model "
        "more often, so that languages can be added later; changes no number.")
    preconditioner: Literal["none", "adam"] = Field(
        "none", description="Compare gradients as they are, or each coordinate divided by the root "
        "of Adam's second moment, as the optimizer steps; training itself stays the same.")
    packing: Literal["auto", "off"] = Field(
        "auto", description="Pack several texts in one row where the model can take it.")

    @field_validator("batch_size")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even, because a batch has two equal halves")
        return value

    @field_validator("languages", mode="before")
    @classmethod
    def _split_languages(cls, value: Any) -> Any:
        if isinstance(value, str):  # names may hold spaces where commas stand between them
            value = [part.strip() for part in value.split("," if "," in value else None)]
        elif value is False:
            value = [value]
        if isinstance(value, list | tuple):  # YAML reads Norwegian's unquoted no as false
            return tuple("no" if part is False else part for part in value if part != "")
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Study:
        if self.hub and (self.data or self.preset):
            raise ValueError("give hub, or preset and/or data, not both")
        if self.snapshots > self.steps:
            raise ValueError(f"snapshots ({self.snapshots}) cannot exceed steps ({self.steps})")
        return self

    @property
    def source(self) -> str:
        """The data source as the user named it: hub id, preset or path."""
        return self.hub or self.preset or self.data or "builtin"

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate as given, or the default of the model's kind."""
        if self.learning_rate is not None:
            return self.learning_rate
        if self.model == TINY_BYTES:
            return 1e-3
        return LORA_LEARNING_RATE if self.lora_rank else 2e-5

    @property
    def encoder_settings(self) -> dict[str, Any]:
        """What `load_encoder` is told beyond model, task and seed; nothing at the defaults."""
        found: dict[str, Any] = {}
        if self.lora_rank:
            found["lora_rank"] = self.lora_rank
        if self.block_detail != "layer":
            found["block_detail"] = self.block_detail
        return found

    def settings(self) -> dict[str, Any]:
        """The settings that change numbers, beyond data and model."""
        values = {**self.model_dump(mode="json"), "learning_rate": self.peak_learning_rate}
        same = {key for key in _LEFT_OUT_AT_DEFAULT
                if values[key] == Study.model_fields[key].default}
        return {key: value for key, value in sorted(values.items())
                if key not in _NOT_IN_SIGNATURE | same}


def snapshot_steps(steps: int, snapshots: int) -> set[int]:
    """Evenly spaced steps (from 1) to record at; the last is always among them."""
    return {round(steps * (i + 1) / snapshots) for i in range(snapshots)}


def signature(study: Study, *, task: str, metric: str, labels: tuple[str, ...],
              data: dict[str, str], model: str) -> str:
    """Hash everything that changes a number of the study.

    Parameters
    ----------
    study : the study
    task, metric, labels : of the loaded corpus
    data : language code -> SHA-256 of that language's rows
    model : the model's fingerprint (weights, configuration and tokenizer)

    Returns
    -------
    str
        The first 16 hexadecimal digits of a SHA-256.
    """
    parts = {"method": METHOD_VERSION, "settings": study.settings(), "task": task,
             "metric": metric,
             "labels": list(labels), "data": dict(sorted(data.items())), "model": model}
    return hashlib.sha256(canonical_json(parts)).hexdigest()[:SIGNATURE_LENGTH]


def canonical_json(value: Any) -> bytes:
    """The one spelling of a JSON value: sorted keys, no spaces, ASCII, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
