"""Windows of a SQuAD file and the batches of the benchmarks, which are the same in Python and in TypeScript."""

import json
import math

MAX_LENGTH = 384
DOC_STRIDE = 128
BATCH_SIZE = 16
MEGABATCH = 50
STRIDE = 1009


def read_windows(train_file, tokenizer, questions):
    """Return the windows of the first `questions` questions in file order, without padding. Each window is a dict with
    input_ids, token_type_ids, start_positions and end_positions.

    The label of a window consists of the tokens with the first and the last character of the first answer, or of
    [0, 0] ([CLS]) if the window does not contain the entire answer.
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
    """Return the full batches of the sequence (i * 1009) mod N for i = 0, 1, ..., a shuffle without random numbers."""
    count = len(windows)
    if math.gcd(STRIDE, count) != 1:
        raise ValueError(f"{count} windows share a factor with {STRIDE}: (i * {STRIDE}) mod {count} is not a permutation")
    order = [(i * STRIDE) % count for i in range(count)]
    return [order[i : i + BATCH_SIZE] for i in range(0, count - BATCH_SIZE + 1, BATCH_SIZE)]


def length_grouped_batches(windows):
    """Return the windows of the first 50 shuffled batches (one megabatch of group_by_length), sorted by length with the
    longest first, and split into batches again. Windows of equal length stay in shuffled order."""
    megabatch = [window for batch in shuffled_batches(windows)[:MEGABATCH] for window in batch]
    megabatch.sort(key=lambda window: len(windows[window]["input_ids"]), reverse=True)
    return [megabatch[i : i + BATCH_SIZE] for i in range(0, len(megabatch), BATCH_SIZE)]


def pick(batches, steps, grouped):
    """Return the warm-up batch and a list of the `steps` batches to time.

    The warm-up batch is batch 0; if grouped, it has the longest windows, which determine the peak memory. The timed
    batches of a shuffled list are batches 1, 2, ... Those of a grouped list are in the middle of `steps` equal parts:
    batch floor((2k + 1) M / (2 steps)).
    """
    if steps >= len(batches):
        raise ValueError(f"steps is {steps}; expected at most {len(batches) - 1}, because the data has {len(batches)} batches")
    if grouped:
        return batches[0], [batches[(2 * k + 1) * len(batches) // (2 * steps)] for k in range(steps)]
    return batches[0], batches[1 : steps + 1]
