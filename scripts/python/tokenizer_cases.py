"""Small tokenizer folders in all layouts, which are test cases, for tokenizer_folders.py."""

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = (
    "the he un want runn a b c d e f i n o r s t u ß é ı fi 2 1 東 京 . , ' ! ? - _ İ "
    "##aff ##able ##ing ##ed ##a ##b ##c ##d ##e ##f ##i ##n ##o ##r ##s ##t ##u ##2 ##é ##京 ##. ##́ foo bar [ ]"
).split()
VOCAB = SPECIALS + PIECES
TEXTS = [
    "",
    " ",
    "The unaffable unwanted running fox",
    "Été\u0301 éa e\u0301\u0323a ſ ﬁn Ⅻ ² ½ ①",
    "東京 is 東 a\u3000b\u00a0c\u2028d\u0085e\ufeffi\u200bn",
    "[CLS] [MASK]a [ MASK ] a[SEP]b  [PAD]  [UNK]",
    " <mask> a<mask>b <s> Foo foo FOO foobar foo bar  [NEW] [new]x",
    "a.b,c! don't 1.2-21 a_b 12ab'd",
    "😀 a😀b İstanbul ΑΣ\u0007 \u00ada",
    "a" * 120 + " runn" + "ing" * 40,
    "  a  b  ",
    "``a'' -- b--c --d",
]
PAIRS = [
    ("the un?", "The unaffable runn. " * 6),
    ("  é e\u0301 東京", " a <mask> b [MASK] [NEW] foo FOO " * 4),
    ("", "a b"),
]

BERT_NORMALIZER = {
    "type": "BertNormalizer",
    "clean_text": True,
    "handle_chinese_chars": True,
    "strip_accents": None,
    "lowercase": True,
}
BERT_PRE = {"type": "BertPreTokenizer"}
DECODER = {"type": "WordPiece", "prefix": "##", "cleanup": True}


def special(token, type_id):
    return {"SpecialToken": {"id": token, "type_id": type_id}}


def sequence(name, type_id):
    return {"Sequence": {"id": name, "type_id": type_id}}


def template(single, pair, ids):
    named = {token: {"id": token, "ids": [i], "tokens": [token]} for token, i in ids.items()}
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": named}


SINGLE = [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)]
TEMPLATE = template(SINGLE, SINGLE + [sequence("B", 1), special("[SEP]", 1)], {"[CLS]": 2, "[SEP]": 3})


def added(content, id, **flags):
    token = {
        "id": id,
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }
    return {**token, **flags}


ADDED = [added(token, i) for i, token in enumerate(SPECIALS)]


def tokenizer_json(vocab=None, **changes):
    """Return a tokenizer.json in the format of new versions. `model` is merged, and None removes a field."""
    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": vocab if vocab is not None else {token: i for i, token in enumerate(VOCAB)},
        **changes.pop("model", {}),
    }
    model = {key: value for key, value in model.items() if value is not None}
    whole = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": ADDED,
        "normalizer": BERT_NORMALIZER,
        "pre_tokenizer": BERT_PRE,
        "post_processor": TEMPLATE,
        "decoder": DECODER,
        "model": model,
        **changes,
    }
    return {key: value for key, value in whole.items() if value != "absent"}


def vocab_txt(tokens=VOCAB, end="\n"):
    return "".join(f"{token}{end}" for token in tokens)


BERT = {"model_type": "bert"}
NAMED = {"tokenizer_class": "BertTokenizer"}


def folder(json_=None, config=None, vocab=None, model=BERT, **files):
    found = {"tokenizer.json": json_, "tokenizer_config.json": config, "vocab.txt": vocab, "config.json": model}
    found.update({name.replace("_json", ".json"): content for name, content in files.items()})
    return {name: content for name, content in found.items() if content is not None}


def decoder_of(*tokens):
    return {str(token["id"]): {k: v for k, v in token.items() if k != "id"} for token in tokens}


NORMALIZERS = {
    "nfc": {"type": "NFC"},
    "nfd": {"type": "NFD"},
    "nfkc": {"type": "NFKC"},
    "nfkd": {"type": "NFKD"},
    "lowercase": {"type": "Lowercase"},
    "strip accents": {"type": "StripAccents"},
    "strip": {"type": "Strip", "strip_left": True, "strip_right": False},
    "prepend": {"type": "Prepend", "prepend": "ab"},
    "replace": {"type": "Replace", "pattern": {"String": "--"}, "content": "a b"},
    "replace by nothing": {"type": "Replace", "pattern": {"String": "a"}, "content": ""},
    "course": {
        "type": "Sequence",
        "normalizers": [{"type": "NFD"}, {"type": "Lowercase"}, {"type": "StripAccents"}],
    },
    "bert and nfkc": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, BERT_NORMALIZER]},
    "empty sequence": {"type": "Sequence", "normalizers": []},
    "bert cased": {**BERT_NORMALIZER, "lowercase": False},
    "bert accents": {**BERT_NORMALIZER, "strip_accents": False},
    "bert unclean": {**BERT_NORMALIZER, "clean_text": False, "handle_chinese_chars": False},
}
SPLIT = {"type": "Split", "pattern": {"String": "."}, "invert": False}
PRE_TOKENIZERS = {
    "none": None,
    "whitespace": {"type": "Whitespace"},
    "whitespace split": {"type": "WhitespaceSplit"},
    "punctuation": {"type": "Punctuation"},
    "punctuation removed": {"type": "Punctuation", "behavior": "Removed"},
    "punctuation contiguous": {"type": "Punctuation", "behavior": "Contiguous"},
    "digits": {"type": "Digits", "individual_digits": False},
    "single digits": {"type": "Digits", "individual_digits": True},
    "delimiter": {"type": "CharDelimiterSplit", "delimiter": "-"},
    "split previous": {**SPLIT, "behavior": "MergedWithPrevious"},
    "split next": {**SPLIT, "behavior": "MergedWithNext"},
    "split inverted": {**SPLIT, "behavior": "Removed", "invert": True},
    "sequence": {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "WhitespaceSplit"},
            {"type": "Punctuation", "behavior": "Isolated"},
            {"type": "Digits", "individual_digits": True},
        ],
    },
    "bert in sequence": {"type": "Sequence", "pretokenizers": [BERT_PRE]},
    "empty sequence": {"type": "Sequence", "pretokenizers": []},
}
ROBERTA = {"type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2], "trim_offsets": True, "add_prefix_space": False}
POST_PROCESSORS = {
    "bert": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    "roberta": ROBERTA,
    "roberta with prefix space": {**ROBERTA, "add_prefix_space": True},
    "sequence": {"type": "Sequence", "processors": [{"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}, TEMPLATE]},
    "two separators": template(
        SINGLE, SINGLE + [special("[SEP]", 0), sequence("B", 1), special("[SEP]", 1)], {"[CLS]": 2, "[SEP]": 3}
    ),
    "one token of two ids": {
        **TEMPLATE,
        "special_tokens": {
            "[CLS]": {"id": "[CLS]", "ids": [2, 4], "tokens": ["[CLS]", "[MASK]"]},
            "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
        },
    },
    "one token type": template(
        SINGLE, SINGLE + [sequence("B", 0), special("[SEP]", 0)], {"[CLS]": 2, "[SEP]": 3}
    ),
    "other ids": template(SINGLE, SINGLE + [sequence("B", 1), special("[SEP]", 1)], {"[CLS]": 7, "[SEP]": 8}),
}
TOKENS = [
    added("[NEW]", len(VOCAB), special=False, normalized=True),
    added("foo", len(VOCAB) + 1, special=False, single_word=True),
    added("<mask>", len(VOCAB) + 1, lstrip=True, special=True),
    added("Foo", len(VOCAB) + 2, special=False, normalized=True),
    added("FOO", len(VOCAB) + 3, special=True, normalized=True, rstrip=True),
]
CONFIGS = {
    "cased": {**NAMED, "do_lower_case": False},
    "accents": {**NAMED, "strip_accents": False},
    "ideographs": {**NAMED, "tokenize_chinese_chars": False},
    "max_len": {**NAMED, "max_len": 48},
    "both lengths": {**NAMED, "max_len": 48, "model_max_length": 32},
    "no limit": {**NAMED, "model_max_length": 1000000000000000019884624838656},
    "clean up": {**NAMED, "clean_up_tokenization_spaces": True},
    "typed token": {**NAMED, "mask_token": {"__type": "AddedToken", "content": "[MASK]", "lstrip": True, "normalized": True, "rstrip": False, "single_word": False}},
    "additional": {**NAMED, "additional_special_tokens": ["[NEW]", "foo"]},
    "extra": {**NAMED, "extra_special_tokens": {"new_token": "[NEW]"}},
    "extra list": {**NAMED, "extra_special_tokens": ["[NEW]"]},
    "no mask": {**NAMED, "mask_token": None},
    "other names": {**NAMED, "cls_token": "<s>", "sep_token": "</s>", "bos_token": "<s>"},
    "split special": {**NAMED, "split_special_tokens": True},
    "inputs": {**NAMED, "model_input_names": ["input_ids", "attention_mask"]},
    "decoder": {**NAMED, "added_tokens_decoder": decoder_of(*ADDED, *TOKENS[:3])},
    "decoder contradicts": {
        **NAMED,
        "added_tokens_decoder": decoder_of(*ADDED[:4], added("[MASK]", 4, lstrip=True), added("[NEW]", 999)),
    },
    "not basic": {**NAMED, "do_basic_tokenize": False, "never_split": ["foo"]},
}
CLASSES = [
    "BertTokenizerFast",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "ConvBertTokenizer",
    "MobileBertTokenizer",
    "LayoutLMTokenizer",
    "LxmertTokenizer",
    "SqueezeBertTokenizer",
    "FunnelTokenizer",
    "RealmTokenizer",
    "RetriBertTokenizer",
    "MPNetTokenizer",
    "SplinterTokenizer",
    "DPRReaderTokenizer",
    "DPRQuestionEncoderTokenizer",
    "PreTrainedTokenizer",
    "PreTrainedTokenizerFast",
    "TokenizersBackend",
]
OTHER_TYPES = ["distilbert", "electra", "mpnet", "funnel", "splinter", "dpr", "albert", "roberta", "unheard-of"]


def cases():
    whole = tokenizer_json()
    yield "new", folder(whole, NAMED)
    yield "without model.type", folder(tokenizer_json(model={"type": None}), {"do_lower_case": True})
    yield "tokenizer.json alone", folder(whole, model=None)
    yield "tokenizer.json alone, cased", folder(tokenizer_json(normalizer=NORMALIZERS["bert cased"]), model=None)
    yield "tokenizer.json and a type", folder(whole)
    yield "cased in tokenizer.json, unsaid in the settings", folder(
        tokenizer_json(normalizer=NORMALIZERS["bert unclean"]), NAMED
    )
    yield "added tokens, cased in tokenizer.json and not in the settings", folder(
        tokenizer_json(normalizer=NORMALIZERS["bert cased"], added_tokens=ADDED + [added("[NEW]", 65, normalized=True)]),
        NAMED,
    )
    yield "added tokens, cased in the settings and not in tokenizer.json", folder(
        tokenizer_json(added_tokens=ADDED + [added("FOO", 65, normalized=True)]), {**NAMED, "do_lower_case": False}
    )
    yield "vocab.txt and a normalized [MASK], no basic tokenizer", {
        **folder(vocab=vocab_txt(), config={**NAMED, "do_basic_tokenize": False}),
        "special_tokens_map.json": {"mask_token": {"content": "[MASK]", "normalized": True}},
    }
    for switch in ("tokenize_chinese_chars", "do_basic_tokenize"):
        yield f"vocab.txt of MPNet, {switch} false", folder(
            vocab=vocab_txt(), config={"tokenizer_class": "MPNetTokenizer", switch: False}
        )
    yield "cased, of no class", folder(
        tokenizer_json(normalizer=NORMALIZERS["bert cased"]), {"tokenizer_class": "PreTrainedTokenizerFast"}
    )
    yield "vocab.txt alone", folder(vocab=vocab_txt(), model=None)
    yield "vocab.txt and a type", folder(vocab=vocab_txt())
    yield "vocab.txt, CRLF", folder(vocab=vocab_txt(end="\r\n"))
    yield "vocab.txt, no last line end", folder(vocab=vocab_txt()[:-1])
    yield "vocab.txt, byte-order mark", folder(vocab="\ufeff" + vocab_txt())
    yield "vocab.txt, blank lines and spaces", folder(vocab=vocab_txt(VOCAB[:9] + ["", "x ", " y", ""] + VOCAB[9:]))
    yield "vocab.txt, twice", folder(vocab=vocab_txt(VOCAB + ["the", "a", "[MASK]"]))
    yield "vocab.txt without [MASK]", folder(vocab=vocab_txt(VOCAB[:4] + VOCAB[5:]))
    yield "vocab.txt without [UNK]", folder(vocab=vocab_txt(["[PAD]"] + VOCAB[2:]))
    yield "vocab.txt without [CLS] and [SEP]", folder(vocab=vocab_txt(VOCAB[:2] + VOCAB[4:]))
    yield "prefix", folder(tokenizer_json(model={"continuing_subword_prefix": ""}), NAMED)
    yield "short words", folder(tokenizer_json(model={"max_input_chars_per_word": 5}), NAMED)
    yield "unknown token missing", folder(tokenizer_json(model={"unk_token": "<unk>"}), NAMED)
    yield "ids with a hole", folder(
        tokenizer_json({token: i if i < 9 else i + 7 for i, token in enumerate(VOCAB)}, added_tokens=ADDED + TOKENS[:2]),
        NAMED,
    )
    yield "no decoder", folder(tokenizer_json(decoder=None), NAMED)
    yield "decoder without cleanup", folder(tokenizer_json(decoder={**DECODER, "cleanup": False}), NAMED)
    yield "padding and truncation", folder(
        tokenizer_json(
            padding={
                "strategy": {"Fixed": 9},
                "direction": "Right",
                "pad_to_multiple_of": None,
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "[PAD]",
            },
            truncation={"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
        ),
        {"tokenizer_class": "PreTrainedTokenizerFast"},
    )
    yield "added tokens", folder(tokenizer_json(added_tokens=ADDED + TOKENS), NAMED)
    yield "added tokens under wrong ids", folder(
        tokenizer_json(added_tokens=[added("[NEW]", 500), *ADDED, added("<mask>", 3)]), NAMED
    )
    yield "a vocabulary with a gap, and tokens with ids in and after it", folder(
        tokenizer_json(
            {token: i if i < 60 else i + 5 for i, token in enumerate(VOCAB)},
            added_tokens=[*ADDED, added("]", 69), added("<mask>", 70), added("[NEW]", 71)],
        ),
        {**NAMED, "added_tokens_decoder": decoder_of(added("]", 69), added("foo", 66))},
    )
    yield "added tokens twice in tokenizer.json", folder(
        tokenizer_json(
            added_tokens=[
                *ADDED,
                added("<mask>", 65, special=False, normalized=True),
                added("<mask>", 65, lstrip=True),
                added("foo", 61, special=False),
                added("foo", 61, special=False, single_word=True),
                added("foo", 61, special=False),
                added("[MASK]", 4, special=False, normalized=True),
            ]
        ),
        NAMED,
    )
    yield "added tokens with other switches in the settings", folder(
        tokenizer_json(added_tokens=[*ADDED, added("<mask>", 65, special=False, normalized=True), added("FOO", 66)]),
        {
            **NAMED,
            "added_tokens_decoder": decoder_of(
                *ADDED[:4],
                added("[MASK]", 4, special=False, normalized=True),
                added("<mask>", 65),
                added("FOO", 66, special=False, normalized=True),
            ),
        },
    )
    for switches in ({"lstrip": True, "rstrip": True}, {"rstrip": True}):
        yield f"whitespace as a token, {' and '.join(switches)}", folder(
            tokenizer_json(added_tokens=[*ADDED, added(" ", 65, special=False, **switches)]), NAMED
        )
    yield "offsets trimmed of two spaces", folder(
        tokenizer_json(
            added_tokens=[*ADDED, added("a", 9, lstrip=True), added("the", 5, lstrip=True, rstrip=True)],
            post_processor=POST_PROCESSORS["roberta with prefix space"],
        ),
        NAMED,
    )
    for name in ("visual_bert", "vilt", "nystromformer"):
        yield f"type {name}, cased", folder(
            tokenizer_json(normalizer=NORMALIZERS["bert cased"]), model={"model_type": name}
        )
    yield "no added tokens", folder(tokenizer_json(added_tokens=[]), NAMED)
    yield "no list of added tokens", folder(tokenizer_json(added_tokens="absent"), NAMED)
    yield "special map", folder(
        whole,
        {"do_lower_case": True},
        special_tokens_map_json={
            "mask_token": {"content": "<mask>", "lstrip": True, "normalized": True, "rstrip": False, "single_word": False},
            "additional_special_tokens": ["[NEW]", {"content": "FOO", "normalized": True}],
        },
    )
    yield "old files, vocab.txt", folder(
        None,
        {"do_lower_case": False, "max_len": 40},
        vocab_txt(),
        special_tokens_map_json={"unk_token": "[UNK]", "mask_token": "<mask>", "additional_special_tokens": ["[NEW]"]},
        added_tokens_json={"foo": len(VOCAB) + 1, "[NEW]": len(VOCAB), "Foo": len(VOCAB) + 9},
    )
    yield "old files, tokenizer.json", folder(
        whole,
        {"do_lower_case": True},
        added_tokens_json={"[NEW]": len(VOCAB), "foo": len(VOCAB) + 1},
    )
    yield "old files beside a list of tokens", folder(
        whole,
        CONFIGS["decoder"],
        special_tokens_map_json={"mask_token": "foo"},
        added_tokens_json={"bar": len(VOCAB) + 7},
    )
    yield "class in config.json", folder(
        tokenizer_json(normalizer=NORMALIZERS["bert cased"]), model={"model_type": "bert", "tokenizer_class": "DistilBertTokenizer"}
    )
    for name, normalizer in NORMALIZERS.items():
        yield f"normalizer {name}", folder(tokenizer_json(normalizer=normalizer), {"tokenizer_class": "PreTrainedTokenizerFast"})
    yield "normalizer none", folder(tokenizer_json(normalizer=None), {"tokenizer_class": "PreTrainedTokenizerFast"})
    yield "normalizer none, of BERT's class", folder(tokenizer_json(normalizer=None), NAMED)
    yield "normalizer of BERT's class", folder(tokenizer_json(normalizer=NORMALIZERS["course"]), {**NAMED, "do_lower_case": False})
    for name, pre_tokenizer in PRE_TOKENIZERS.items():
        yield f"pre-tokenizer {name}", folder(tokenizer_json(pre_tokenizer=pre_tokenizer), NAMED)
    for name, post_processor in POST_PROCESSORS.items():
        changed = tokenizer_json(post_processor=post_processor, added_tokens=ADDED + TOKENS[2:3])
        yield f"post-processor {name}", folder(changed, NAMED)
    for name, config in CONFIGS.items():
        yield f"settings {name}", folder(whole, config)
        yield f"settings {name}, vocab.txt", folder(None, config, vocab_txt())
    dot = vocab_txt(VOCAB + ["[QUESTION]", "<s>", "</s>", "<pad>", "<cls>", "<sep>"])
    for name in CLASSES:
        yield f"class {name}", folder(tokenizer_json(normalizer=NORMALIZERS["bert unclean"]), {"tokenizer_class": name})
        yield f"class {name}, vocab.txt", folder(None, {"tokenizer_class": name}, dot)
    for name in OTHER_TYPES:
        yield f"type {name}", folder(whole, model={"model_type": name})
        yield f"type {name}, vocab.txt", folder(None, vocab=dot, model={"model_type": name})
