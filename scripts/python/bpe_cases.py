"""Small tokenizer folders with BPE and other models besides WordPiece, for tokenizer_folders.py."""
import json

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tokenizer_cases import added, folder, special, sequence, template

WORDS = (
    "the quick brown fox don't they'll I'm running runner runs 2023 1999 été straße Straße 東京 京都 日本語 hello world "
    "Hello World unbelievable believable able a b c d e ab abc abcd  double  spaces\n\nlines\ttabs 😀 👍🏽 naïve İstanbul"
)
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
ODD = r"(?>a+)b|\d++|\bthe\b|(?<!x)\p{Han}{2,}|[[:upper:]]\w*|\h{2}|^\s|.$"


def byte_level(**switches):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True, **switches}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def trained(specials, merges=120, alphabet=True, **model):
    """Return the `model` of tokenizer.json, trained on a few words."""
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters = pre_tokenizers.ByteLevel.alphabet() if alphabet else []
    size = len(specials) + len(letters) + merges
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=specials, initial_alphabet=letters, show_progress=False)
    tokenizer.train_from_iterator([WORDS] * 3, trainer)
    return json.loads(tokenizer.to_str())["model"]


def tokenizer_json(model, specials, **changes):
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(token, i) for i, token in enumerate(specials)],
        "normalizer": None,
        "pre_tokenizer": byte_level(),
        "post_processor": None,
        "decoder": byte_level(add_prefix_space=True),
        "model": model,
        **changes,
    }


ROBERTA_TOKENS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
BERT_TOKENS = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
ROBERTA = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": False}
SINGLE = [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)]
BERT = template(SINGLE, SINGLE + [sequence("B", 0), special("[SEP]", 0)], {"[CLS]": 1, "[SEP]": 2})
TYPED = template(SINGLE, SINGLE + [sequence("B", 1), special("[SEP]", 1)], {"[CLS]": 1, "[SEP]": 2})
SPACES = [added("  " * n, 900 + n, special=False, normalized=True) for n in (1, 2, 3)]


def merges_txt(model):
    return "".join(f"{line}\n" for line in ["#version: 0.2", *(" ".join(merge) for merge in model["merges"])])


def slow(model, config=None, type_=None, **files):
    return folder(None, config, model={"model_type": type_} if type_ else None, vocab_json=model["vocab"], merges_txt=merges_txt(model), **files)


def renamed(files):
    return {name.replace("merges_txt", "merges.txt"): content for name, content in files.items()}


def words_model(tokens, **model):
    """Return a handwritten BPE model over characters."""
    vocab = {token: i for i, token in enumerate(tokens.split(" "))}
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": vocab, **model}


def bpe_cases():
    roberta = trained(ROBERTA_TOKENS)
    bert = trained(BERT_TOKENS)
    small = trained(["[UNK]", "[CLS]", "[SEP]"], merges=60, alphabet=False)
    named = {"tokenizer_class": "RobertaTokenizer"}
    generic = {"tokenizer_class": "PreTrainedTokenizerFast", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    whole = tokenizer_json(roberta, ROBERTA_TOKENS, post_processor=ROBERTA)
    yield "roberta", folder(whole, named, model={"model_type": "roberta"})
    yield "roberta, merges as strings", folder(
        tokenizer_json({**roberta, "merges": [" ".join(m) for m in roberta["merges"]]}, ROBERTA_TOKENS, post_processor=ROBERTA), named
    )
    yield "roberta with prefix space", folder(whole, {**named, "add_prefix_space": True})
    yield "roberta untrimmed", folder(whole, {**named, "trim_offsets": False})
    for name in ("roberta", "bart", "longformer", "led", "mvp", "gpt2", "deberta"):
        tokens = bert if name == "deberta" else roberta
        yield f"vocab.json and merges.txt, {name}", renamed(slow(tokens, type_=name))
    yield "merges.txt, prefix space, other names", renamed(
        slow(roberta, {**named, "add_prefix_space": True, "sep_token": "the", "cls_token": "<new>", "mask_token": "[M]"})
    )
    yield "merges.txt, old files", renamed(
        slow(
            roberta,
            {"model_max_length": 40, "do_lower_case": False},
            "roberta",
            special_tokens_map_json={"mask_token": {"content": "<mask>", "lstrip": True, "normalized": True, "rstrip": False, "single_word": False}},
            added_tokens_json={"foo": len(roberta["vocab"]), "東京": len(roberta["vocab"]) + 1},
        )
    )
    yield "merges.txt alone", renamed(slow(roberta))
    yield "modernbert", folder(
        tokenizer_json(bert, BERT_TOKENS, normalizer={"type": "NFC"}, post_processor=BERT, added_tokens=[*(added(t, i) for i, t in enumerate(BERT_TOKENS[:4])), added("[MASK]", 4, lstrip=True), *SPACES]),
        model={"model_type": "modernbert"},
    )
    for name, pattern in {"llama3": LLAMA3, "gpt4o": GPT4O, "deepseek": DEEPSEEK, "bloom": BLOOM, "odd": ODD}.items():
        yield f"split {name}", folder(
            tokenizer_json(bert, BERT_TOKENS, post_processor={"type": "Sequence", "processors": [byte_level(add_prefix_space=True), TYPED]}, pre_tokenizer={"type": "Sequence", "pretokenizers": [split(pattern), byte_level(use_regex=False)]}),
            generic,
        )
    for behavior in ("Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        yield f"split {behavior}", folder(
            tokenizer_json(bert, BERT_TOKENS, post_processor=TYPED, pre_tokenizer={"type": "Sequence", "pretokenizers": [split(r"\s+|\p{N}", behavior), byte_level(add_prefix_space=True)]}),
            generic,
        )
    yield "split inverted", folder(
        tokenizer_json(bert, BERT_TOKENS, post_processor=TYPED, pre_tokenizer={"type": "Sequence", "pretokenizers": [split(r"'s|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", "Removed", True), byte_level()]}),
        generic,
    )
    yield "digits before bytes", folder(
        tokenizer_json(bert, BERT_TOKENS, post_processor=TYPED, pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level(add_prefix_space=True)]}),
        {**generic, "add_prefix_space": True},
    )
    yield "bytes before digits", folder(
        tokenizer_json(bert, BERT_TOKENS, post_processor=TYPED, pre_tokenizer={"type": "Sequence", "pretokenizers": [byte_level(), {"type": "Digits", "individual_digits": False}]}),
        generic,
    )
    yield "bytes as normalizer", folder(
        tokenizer_json(bert, BERT_TOKENS, post_processor=TYPED, normalizer={"type": "Sequence", "normalizers": [{"type": "Nmt"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "ByteLevel"}]}, pre_tokenizer=split("Ġ", "MergedWithNext")),
        generic,
    )
    yield "prefix space in the file alone", folder(
        tokenizer_json(bert, BERT_TOKENS, post_processor=TYPED, pre_tokenizer=byte_level(add_prefix_space=True)), generic
    )
    yield "prefix space trimmed", folder(
        tokenizer_json(bert, BERT_TOKENS, post_processor={"type": "Sequence", "processors": [byte_level(add_prefix_space=False), TYPED]}, pre_tokenizer=byte_level(add_prefix_space=True)),
        {**generic, "add_prefix_space": True},
    )
    yield "characters missing", folder(tokenizer_json(small, ["[UNK]", "[CLS]", "[SEP]"], post_processor=TYPED), generic)
    yield "ignore merges, fixed length", folder(
        tokenizer_json({**bert, "ignore_merges": True}, BERT_TOKENS, post_processor=TYPED, pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "FixedLength", "length": 3}, byte_level(use_regex=False)]}),
        generic,
    )
    llama = words_model(
        "[UNK] [CLS] [SEP] ▁ a b c e h o r t u n w q ▁t ▁th ▁the an he " + " ".join(f"<0x{i:02X}>" for i in range(256)),
        merges=[["▁", "t"], ["▁t", "h"], ["▁th", "e"], ["a", "n"], ["h", "e"]],
        unk_token="[UNK]",
        fuse_unk=True,
        byte_fallback=True,
    )
    fallback = {
        "type": "Sequence",
        "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    }
    spaces = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
    yield "byte fallback", folder(
        tokenizer_json(llama, BERT_TOKENS[:3], post_processor=TYPED, normalizer=spaces, pre_tokenizer=None, decoder=fallback), generic
    )
    some = {token: i for i, token in enumerate(token for token in llama["vocab"] if token not in ("<0xE6>", "<0xF0>"))}
    for scheme in ("first", "always", "never"):
        metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": scheme != "first"}
        yield f"bytes for some, metaspace {scheme}", folder(
            tokenizer_json({**llama, "vocab": some}, BERT_TOKENS[:3], post_processor=TYPED, pre_tokenizer=metaspace, decoder=metaspace), generic
        )
    yield "unknown characters one by one", folder(
        tokenizer_json({**llama, "vocab": some, "fuse_unk": False, "byte_fallback": False}, BERT_TOKENS[:3], post_processor=TYPED, pre_tokenizer={"type": "WhitespaceSplit"}, decoder=None), generic
    )
    herbert = words_model(
        "[UNK] [CLS] [SEP] a b c d e t h a</w> e</w> h</w> n</w> th the</w> ab abc</w> c</w>",
        merges=["t h", "th e</w>", "a b", "ab c</w>"],
        unk_token="[UNK]",
        end_of_word_suffix="</w>",
    )
    lower = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
    yield "suffix", folder(
        tokenizer_json(herbert, BERT_TOKENS[:3], post_processor=TYPED, normalizer=lower, pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "BPEDecoder", "suffix": "</w>"}), generic
    )
    prefix = words_model(
        "[UNK] [CLS] [SEP] a b c t ##a ##b ##c ##h ##e the ab abc th",
        merges=[["a", "##b"], ["ab", "##c"], ["t", "##h"], ["th", "##e"]],
        unk_token="[UNK]",
        continuing_subword_prefix="##",
        fuse_unk=True,
    )
    yield "prefix of continued words", folder(
        tokenizer_json(prefix, BERT_TOKENS[:3], post_processor=TYPED, normalizer=lower, pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "WordPiece", "prefix": "##", "cleanup": True}), generic
    )
    words = {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {t: i for i, t in enumerate("[UNK] [CLS] [SEP] the a b . 東".split())}}
    yield "words", folder(
        tokenizer_json(words, BERT_TOKENS[:3], post_processor=TYPED, pre_tokenizer={"type": "Whitespace"}, decoder=None), generic
    )
    yield "words without unknown", folder(
        tokenizer_json({**words, "unk_token": "<unk>"}, BERT_TOKENS[:3], post_processor=TYPED, pre_tokenizer={"type": "Whitespace"}, decoder=None), generic
    )
