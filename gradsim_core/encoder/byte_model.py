"""The built-in model ``tiny-bytes``: a byte-level BERT made from a seed, without any file."""

from __future__ import annotations

from typing import Any

import transformers

from gradsim_core.fingerprints import TINY_BYTES_CONFIG


def tiny_bytes(head: Any, n_labels: int = 2) -> tuple[Any, Any]:
    """The built-in model with a head of this class, and its tokenizer."""
    config = transformers.BertConfig(**TINY_BYTES_CONFIG | {"num_labels": n_labels})
    network = head.from_config(config)
    # One vector that is added to every token: it carries nothing that positions and biases do not,
    # but its gradient, summed over all tokens, would make up most of the model's.
    network.base_model.embeddings.token_type_embeddings.weight.requires_grad = False
    return network, byte_tokenizer()


def byte_tokenizer() -> Any:
    """A fast tokenizer with one token a UTF-8 byte and no vocabulary file."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    special = ["[PAD]", "[CLS]", "[SEP]", "[MASK]"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*special, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=512)
