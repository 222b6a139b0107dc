"""Random texts in all scripts with difficult characters: marks, emoji, unusual spaces, controls and added tokens."""
import random
import unicodedata

SPACES = " " * 12 + "\t\n\r\u000b\u000c\u0085\u00a0\u1680\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
INVISIBLE = "\u0000\u0001\u001c\u007f\u00ad\u200b\u200c\u200d\u200e\u2060\ufe0f\ufeff\ufffd\ufffe\uffff\u2581\U000e0061\U0010ffff"
SAMPLES = [
    "don't", "I'M", "they'LL", "we've", "O'Neill's", "``quoted''", "e-mail@example.com", "https://a.b/c?d=1", "3.14", "1,000",
    "½", "Ⅻ", "x²", "ﬁne", "ﷺ", "①", "Ｆｕｌｌ", "ｶﾞ", "株式会社", "東京タワー", "한국어", "\u1112\u1161\u11ab", "ไทยคำ", "हिन्दी",
    "العربية", "עִבְרִית", "Ελλάδας", "İstanbul", "straße", "ẞ", "ŉ", "ǅ", "e\u0301", "a\u0323\u0302", "q\u0307\u0323", "😀", "👨‍👩‍👧", "👍🏽",
    "🇩🇪", "1️⃣", "\u0344", "\u0958", "\u2126", "\u212b", "\uf900", "\U0001d15e", "\r\n", "  ", "   ", "\n\n", "--", "...", "…", "_a_b",
    "camelCase", "ABCdef", "'ſ", "İ", "Σ", "ς", "K", "▁", "▁▁a", "Ġa", "<0x41>", "##ing", "</w>",
]


def characters():
    """Return a list of characters for each kind, so that rare scripts are as frequent as common ones."""
    kinds = {}
    for code in range(0x110000):
        character = chr(code)
        category = unicodedata.category(character)
        if category in ("Cn", "Cs", "Co"):
            continue
        name = unicodedata.name(character, "").split(" ")[0] or category
        kinds.setdefault((name, category), []).append(character)
    return list(kinds.values())


class RandomTexts:
    def __init__(self, seed, words=()):
        self.random = random.Random(seed)
        self.kinds = characters()
        self.words = list(words)

    def part(self):
        draw = self.random
        choice = draw.random()
        if choice < 0.25:
            kind = draw.choice(self.kinds)
            return "".join(draw.choice(kind) for _ in range(draw.randint(1, 6)))
        if choice < 0.45:
            return "".join(draw.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(draw.randint(1, 9)))
        if choice < 0.6:
            return draw.choice(SAMPLES)
        if choice < 0.7 and self.words:
            return draw.choice(self.words)
        if choice < 0.9:
            return draw.choice(SPACES) * draw.choice((1, 1, 1, 2, 3))
        if choice < 0.97:
            return draw.choice("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
        return draw.choice(INVISIBLE)

    def text(self):
        return "".join(self.part() for _ in range(self.random.randint(1, 14)))
