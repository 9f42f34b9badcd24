"""JSON as Azure accepts it: text and numbers that can be serialised again."""

from __future__ import annotations

import json
from typing import Any


def strict_json(content: bytes) -> Any:
    """Return the value of a body.

    Raises:
        ValueError: It is not JSON, is nested too deeply, or contains values that JSON cannot express: half characters
            (surrogates), and numbers such as NaN.

    """
    try:
        value = json.loads(content)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value
