"""The text of the script that `training_script` writes: what it does, and what the task decides.

Conventions
-----------
``# <<NAME>>`` on a line of its own is where a setting or a part stands in the end. Nothing here
comes from data.
"""

SCRIPT = '''"""Train one model for each group of languages, and say which language goes to which.

Written by GradSim from a decision about groups. Run it where GradSim is installed (it brings
datasets, transformers and torch, and reads the very rows that the groups were measured on):

    python train_groups.py

To try it out, set MAX_STEPS = 5. What you may want to change stands first. To train on rows of
your own, replace `rows_of`: it gives {language: {split: Dataset}}.
"""

import json
from pathlib import Path

import numpy as np
from datasets import Dataset, interleave_datasets
# <<ADAPTER_IMPORTS>>
# <<IMPORTS>>
from gradsim_core import load_corpus, study_from

# Which rows: a preset, a hub id, or the path of your files under "data".
# <<DATA>>
# Groups of languages by code (ISO 639-3 where there is one), one model each.
# <<GROUPS>>
# Which group's model a language is sent to, counted from 0.
# <<SERVED_BY>>
# What the codes mean, for the printed lines alone.
# <<LANGUAGES>>
# <<LABELS>>
# <<METRIC>>
# Any encoder of the Hugging Face hub, or a folder.
# <<BYTE_MODEL>>
# <<MODEL>>
# <<MODEL_REVISION>>
# <<MAX_LENGTH>>
# <<LEARNING_RATE>>
# <<WEIGHT_DECAY>>
# <<ADAPTER_SETTINGS>>
# <<SEED>>
BATCH_SIZE = 32
EPOCHS = 3  # rounds over the largest language of a group
MAX_STEPS = -1  # a small number tries the script out; -1: all epochs
OUTPUT = Path("models")  # a folder a group, and languages.json


def rows_of(data):
    """{language: {"train" | "dev" | "test": Dataset with columns text and label}}."""
    corpus = load_corpus(study_from(data))
    found = {}
    for language in corpus.languages:
        found[language] = {}
        for split in ("train", "dev", "test"):
            rows = corpus.split(language, split)
            if len(rows):
                found[language][split] = as_dataset(rows)
    return found


# <<FUNCTIONS>>
# <<ADAPTER_FUNCTIONS>>
def train_group(group, rows, tokenizer, folder):
    """Train on all languages of a group, each as often as any other, and save the model."""
    set_seed(SEED)
    sources = [rows[language]["train"] for language in group["languages"]
               if "train" in rows.get(language, {})]
    if not sources:
        raise SystemExit(f"There are no training rows for {group['name']}.")
    # Every language is drawn in turn until the largest is used up, so that small ones are heard.
    # To weigh languages by their size instead: datasets.concatenate_datasets(sources).
    mixed = interleave_datasets(sources, stopping_strategy="all_exhausted")
    model = new_model(len(LABELS), dict(enumerate(LABELS)),
                      {label: number for number, label in enumerate(LABELS)})
# <<ADAPTER_CALL>>
    trainer = Trainer(
        model=model, processing_class=tokenizer, data_collator=Collator(tokenizer),
        train_dataset=encoded(mixed, tokenizer),
        args=TrainingArguments(
            output_dir=str(folder), num_train_epochs=EPOCHS, max_steps=MAX_STEPS,
            per_device_train_batch_size=BATCH_SIZE, per_device_eval_batch_size=2 * BATCH_SIZE,
            learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY, warmup_steps=0.1, seed=SEED,
            save_strategy="no", report_to="none", logging_steps=50))
    trainer.train()
    trainer.save_model(str(folder))
    tokenizer.save_pretrained(str(folder))
    return trainer


def main():
    tokenizer = AutoTokenizer.from_pretrained(MODEL, revision=MODEL_REVISION)
    rows = rows_of(DATA)
    unknown = sorted(set(SERVED_BY) - set(rows))
    if unknown:
        raise SystemExit(f"The data has no rows of {', '.join(unknown)}. Check DATA and GROUPS.")
    models, results = {}, {}
    for number, group in enumerate(GROUPS):
        folder = OUTPUT / f"group-{number + 1:02}"
        print(f"{group['name']}: {', '.join(LANGUAGES[one] for one in group['languages'])}")
        trainer = train_group(group, rows, tokenizer, folder)
        for language in [one for one, at in SERVED_BY.items() if at == number]:
            models[language] = folder.name
            split = "test" if "test" in rows[language] else "dev"
            if split in rows[language]:
                found = scores(rows[language][split], trainer, tokenizer)
                results[language] = found
                print(f"  {LANGUAGES[language]}: {METRIC} {found[METRIC]:.3f} ({split})")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name, content in (("languages.json", models), ("scores.json", results)):
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (OUTPUT / name).write_text(text, encoding="utf-8")
    print(f"Saved under {OUTPUT}; languages.json says which model serves which language.")


if __name__ == "__main__":
    main()
'''

BYTE_MODEL = """\
# The groups were measured with GradSim's own small byte model, which has no hub id: choose a
# model for the real training; here stands a common one.
"""

ADAPTERS = {
    "ADAPTER_IMPORTS": "from peft import LoraConfig, get_peft_model\n",
    "ADAPTER_SETTINGS": """\
# Rank of the low-rank adapters (LoRA) that are trained beside the frozen encoder, as in the study.
# A folder then holds an adapter and the head; `merge_and_unload` makes a whole model of them.
# <<LORA_RANK>>
""",
    "ADAPTER_FUNCTIONS": '''def with_adapters(model):
    """Freeze the encoder; beside every matrix of its layers train an adapter, and train the head.

    The pooler of BERT-like models belongs to the head.
    """
    body, prefix = model.base_model, model.base_model_prefix
    matrices = [f"{prefix}.{name}" for name, module in body.named_modules()
                if type(module).__name__ in ("Linear", "Conv1D")
                and any(part.isdigit() for part in name.split("."))]
    head = [name for name, module in model.named_children()
            if name != prefix and list(module.parameters())]
    if getattr(body, "pooler", None) is not None:
        head.append("pooler")
    return get_peft_model(model, LoraConfig(
        r=LORA_RANK, lora_alpha=LORA_RANK, lora_dropout=0.0, target_modules=matrices,
        modules_to_save=head))


''',
    "ADAPTER_CALL": "    model = with_adapters(model)\n",
}
"""What a study with adapters adds; where it has none, each of these is left out."""

SEQUENCE = {
    "IMPORTS": '''from sklearn.metrics import accuracy_score, f1_score
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers import DataCollatorWithPadding as Collator
from transformers import Trainer, TrainingArguments, set_seed

''',
    "FUNCTIONS": '''def as_dataset(rows):
    return Dataset.from_dict({"text": list(rows.texts),
                              "label": [LABELS.index(label) for label in rows.labels]})


def new_model(n_labels, id2label, label2id):
    return AutoModelForSequenceClassification.from_pretrained(
        MODEL, revision=MODEL_REVISION, num_labels=n_labels, id2label=id2label, label2id=label2id)


def encoded(dataset, tokenizer):
    return dataset.map(lambda batch: tokenizer(batch["text"], truncation=True,
                                               max_length=MAX_LENGTH),
                       batched=True, remove_columns=["text"])


def scores(dataset, trainer, tokenizer):
    found = trainer.predict(encoded(dataset, tokenizer)).predictions.argmax(-1)
    gold = np.array(dataset["label"])
    return {"accuracy": float(accuracy_score(gold, found)),
            "macro_f1": float(f1_score(gold, found, average="macro", zero_division=0)),
            "weighted_f1": float(f1_score(gold, found, average="weighted", zero_division=0))}


'''}

TOKEN = {
    "IMPORTS": '''from seqeval.metrics import f1_score
from transformers import AutoModelForTokenClassification, AutoTokenizer
from transformers import DataCollatorForTokenClassification as Collator
from transformers import Trainer, TrainingArguments, set_seed

''',
    "FUNCTIONS": '''def as_dataset(rows):
    return Dataset.from_dict({
        "text": [list(words) for words in rows.texts],
        "label": [[LABELS.index(tag) for tag in tags] for tags in rows.labels]})


def new_model(n_labels, id2label, label2id):
    return AutoModelForTokenClassification.from_pretrained(
        MODEL, revision=MODEL_REVISION, num_labels=n_labels, id2label=id2label, label2id=label2id)


def encoded(dataset, tokenizer):
    """Words as pieces; a word's tag stands at its first piece, all others count for nothing."""
    def pieces(batch):
        found = tokenizer(batch["text"], is_split_into_words=True, truncation=True,
                          max_length=MAX_LENGTH)
        found["labels"] = []
        for row, tags in enumerate(batch["label"]):
            words = found.word_ids(row)
            found["labels"].append([
                tags[word] if word is not None and word != before else -100
                for word, before in zip(words, [None, *words[:-1]], strict=True)])
        return found

    return dataset.map(pieces, batched=True, remove_columns=["text", "label"])


def scores(dataset, trainer, tokenizer):
    """Words without a piece, or beyond MAX_LENGTH, count as untagged."""
    found = trainer.predict(encoded(dataset, tokenizer)).predictions.argmax(-1)
    gold, tagged = [], []
    for words, tags, row in zip(dataset["text"], dataset["label"], found, strict=True):
        places = tokenizer(words, is_split_into_words=True, truncation=True,
                           max_length=MAX_LENGTH).word_ids()
        own = ["O"] * len(tags)
        for at in reversed(range(len(places))):  # a word's first piece has the last say
            if places[at] is not None:
                own[places[at]] = LABELS[row[at]]
        gold.append([LABELS[tag] for tag in tags])
        tagged.append(own)
    right = [a == b for one, other in zip(gold, tagged, strict=True)
             for a, b in zip(one, other, strict=True)]
    measured = {"accuracy": float(np.mean(right))}
    if METRIC == "entity_f1":
        measured["entity_f1"] = float(f1_score(gold, tagged, zero_division=0))
    return measured


'''}
