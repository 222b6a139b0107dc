"""What TensorBoard itself finds in a folder of event files: every scalar, by tag. Prints one JSON document."""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

ALL = 0

if len(sys.argv) > 1:
    events = EventAccumulator(sys.argv[1], size_guidance={SCALARS: ALL})
    events.Reload()
    tags = {tag: found for tag, found in events.Tags().items() if found}
    scalars = {tag: [[event.step, event.value] for event in events.Scalars(tag)] for tag in tags.get(SCALARS, [])}
    print(json.dumps({"kinds": sorted(tags), "scalars": scalars}))
