"""Real windows of a SQuAD file, and the batches that a benchmark runs: the same rule in Python and in TypeScript."""

import json
import math

MAX_LENGTH = 384
DOC_STRIDE = 128
BATCH_SIZE = 16
MEGABATCH = 50
STRIDE = 1009


def read_windows(train_file, tokenizer, questions):
    """Windows of the first `questions` questions in file order, unpadded, each a dict of input_ids, token_type_ids,
    start_positions and end_positions.

    A label is the tokens that cover the first and last character of the first answer, or [0, 0] ([CLS]) where the
    answer is not wholly inside the window.
    """
    with open(train_file, encoding="utf-8") as file:
        articles = json.load(file)["data"]
    rows = [
        (qa["question"].lstrip(), paragraph["context"], qa["answers"][0])
        for article in articles
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ][:questions]
    encoded = tokenizer(
        [question for question, _, _ in rows],
        [context for _, context, _ in rows],
        truncation="only_second",
        max_length=MAX_LENGTH,
        stride=DOC_STRIDE,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    windows = []
    for i, example in enumerate(encoded["overflow_to_sample_mapping"]):
        start, end = _label(encoded["offset_mapping"][i], encoded.sequence_ids(i), rows[example][2])
        windows.append(
            {
                "input_ids": encoded["input_ids"][i],
                "token_type_ids": encoded["token_type_ids"][i],
                "start_positions": start,
                "end_positions": end,
            }
        )
    return windows


def _label(offsets, sequence_ids, answer):
    first_char = answer["answer_start"]
    last_char = first_char + len(answer["text"]) - 1
    covering = [
        token
        for token, (start, end) in enumerate(offsets)
        if sequence_ids[token] == 1 and (start <= first_char < end or start <= last_char < end)
    ]
    inside = covering and offsets[covering[0]][0] <= first_char and last_char < offsets[covering[-1]][1]
    return (covering[0], covering[-1]) if inside else (0, 0)


def shuffled_batches(windows):
    """All full batches of the sequence (i * 1009) mod N, i = 0, 1, ...: a shuffle that needs no random generator."""
    count = len(windows)
    if math.gcd(STRIDE, count) != 1:
        raise ValueError(f"{count} windows share a factor with {STRIDE}: (i * {STRIDE}) mod {count} is no permutation")
    order = [(i * STRIDE) % count for i in range(count)]
    return [order[i : i + BATCH_SIZE] for i in range(0, count - BATCH_SIZE + 1, BATCH_SIZE)]


def length_grouped_batches(windows):
    """The first 50 shuffled batches (one megabatch of group_by_length), their windows sorted by length, longest
    first, equal lengths in shuffled order, and cut into batches again."""
    megabatch = [window for batch in shuffled_batches(windows)[:MEGABATCH] for window in batch]
    megabatch.sort(key=lambda window: len(windows[window]["input_ids"]), reverse=True)
    return [megabatch[i : i + BATCH_SIZE] for i in range(0, len(megabatch), BATCH_SIZE)]


def pick(batches, steps, grouped):
    """The batch to warm up with, and the `steps` batches to time.

    Warm-up is batch 0 (when grouped: the longest windows, which set the memory peak). Timed are batches 1, 2, ...
    of a shuffled list, and the middles of `steps` equal parts of a grouped one: batch floor((2k + 1) M / (2 steps)).
    """
    if steps >= len(batches):
        raise ValueError(f"{steps} steps asked for, but the data has {len(batches)} batches: at most one less")
    if grouped:
        return batches[0], [batches[(2 * k + 1) * len(batches) // (2 * steps)] for k in range(steps)]
    return batches[0], batches[1 : steps + 1]
