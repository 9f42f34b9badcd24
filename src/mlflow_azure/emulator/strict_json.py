"""JSON as Azure reads it: text and numbers that can be written again."""

from __future__ import annotations

import json
from typing import Any


def strict_json(content: bytes) -> Any:
    """What a body says.

    Raises:
        ValueError: It is no JSON, is nested too deeply, or has what JSON cannot express: halves of characters
            (surrogates), and numbers without end such as NaN.

    """
    try:
        value = json.loads(content)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value
