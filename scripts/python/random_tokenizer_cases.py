"""Small tokenizer folders that combine components and settings at random, for tokenizer_folders.py."""
import random

from tokenizer_cases import (
    ADDED,
    CLASSES,
    CONFIGS,
    NORMALIZERS,
    OTHER_TYPES,
    POST_PROCESSORS,
    PRE_TOKENIZERS,
    TEMPLATE,
    TOKENS,
    VOCAB,
    added,
    folder,
    tokenizer_json,
    vocab_txt,
)


def random_cases(count, seed):
    draw = random.Random(seed)
    for number in range(count):
        vocab = {token: i for i, token in enumerate(VOCAB)}
        tokens = draw.sample(TOKENS, draw.randrange(4)) + [
            added(draw.choice(["é", "a b", " a", "--", "e\u0301", "東", "[", "NEW]"]), 99, **{f: draw.random() < 0.5 for f in ("lstrip", "rstrip", "single_word", "normalized", "special")})
            for _ in range(draw.randrange(3))
        ]
        normalizers = list(NORMALIZERS.values())
        normalizer = draw.choice(normalizers)
        if draw.random() < 0.4:
            normalizer = {"type": "Sequence", "normalizers": draw.sample(normalizers, draw.randrange(1, 4))}
        pre = draw.choice(list(PRE_TOKENIZERS.values()))
        if pre and draw.random() < 0.3:
            pre = {"type": "Sequence", "pretokenizers": [p for p in draw.sample(list(PRE_TOKENIZERS.values()), 3) if p]}
        config = dict(draw.choice(list(CONFIGS.values()) + [{}]))
        if draw.random() < 0.5:
            config.update(draw.choice(list(CONFIGS.values())))
        if draw.random() < 0.5:
            config["tokenizer_class"] = draw.choice(CLASSES)
        if normalizer["type"] == "BertNormalizer" and any(token["normalized"] for token in tokens):
            # If the class replaces the normalizer, added tokens keep their first normalization until saved and reloaded.
            config["tokenizer_class"] = "PreTrainedTokenizerFast"
        files = folder(
            tokenizer_json(
                vocab,
                normalizer=normalizer,
                pre_tokenizer=pre,
                post_processor=draw.choice(list(POST_PROCESSORS.values()) + [TEMPLATE]),
                added_tokens=draw.choice([ADDED, [], ADDED[:3]]) + tokens,
            ),
            config,
            model={"model_type": draw.choice(["bert", *OTHER_TYPES])},
        )
        if draw.random() < 0.3:
            files["special_tokens_map.json"] = {
                draw.choice(["cls_token", "mask_token", "unk_token", "bos_token"]): draw.choice(
                    ["[NEW]", "<mask>", {"content": "foo", "lstrip": True}, {"content": "[MASK]", "rstrip": True, "normalized": True}]
                )
            }
        if draw.random() < 0.2:
            files["added_tokens.json"] = {draw.choice(["[NEW]", "bar", "<mask>", "xyz"]): draw.randrange(200) for _ in range(3)}
        if draw.random() < 0.4:
            del files["tokenizer.json"]
            files["vocab.txt"] = vocab_txt(vocab)
        yield f"random {seed}.{number}", files
