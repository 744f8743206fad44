"""Computes parsed metric math expressions that may refer to metrics and to each other by id.

It must not read the metric store: the metrics' data points are handed to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rehearsal.aws.cloudwatch.errors import InvalidParameter, NotSupportedHere
from rehearsal.aws.cloudwatch.metric_math.functions import (
    FUNCTIONS,
    KEYWORDS,
    NOT_SUPPORTED,
    Argument,
    Context,
)
from rehearsal.aws.cloudwatch.metric_math.parser import (
    Array,
    Call,
    Name,
    Negation,
    Node,
    Number,
    Operation,
    Text,
)
from rehearsal.aws.cloudwatch.metric_math.values import SeriesArray, TimeSeries, Value, combine, kind


class Interpreter:
    """Computes each expression once. Raises InvalidParameter and NotSupportedHere (an unknown function, by name)."""

    def __init__(self, context: Context, expressions: Mapping[str, Node]) -> None:
        self._context = context
        self._expressions = expressions
        self._results: dict[str, Value] = {}
        self._in_progress: list[str] = []

    def result(self, id_: str) -> TimeSeries | SeriesArray:
        """The value of an expression, which has to be a time series or an array of them."""
        value = self._by_id(id_)
        if isinstance(value, float):
            raise InvalidParameter(f"The expression {id_!r} gives a scalar; it has to give a time series.")
        return value

    def _by_id(self, id_: str) -> Value:
        if id_ in self._context.metrics:
            return self._context.metrics[id_]
        if id_ not in self._results:
            if id_ in self._in_progress:
                raise InvalidParameter(
                    f"The expressions refer to each other in a circle: {' -> '.join(self._in_progress)}."
                )
            self._in_progress.append(id_)
            self._results[id_] = self._value(self._expressions[id_])
            self._in_progress.pop()
        return self._results[id_]

    def _value(self, node: Node) -> Value:
        value = self._argument(node)
        if isinstance(value, str):
            raise InvalidParameter(f"{value!r} is neither a metric nor an expression.")
        return value

    def _argument(self, node: Node) -> Argument:
        match node:
            case Number(value):
                return value
            case Text(text):
                return text
            case Name(name):
                if name in self._context.metrics or name in self._expressions:
                    return self._by_id(name)
                if name in KEYWORDS:
                    return name
                raise InvalidParameter(f"The expression refers to {name!r}, which is not the Id of any query.")
            case Array(items):
                return self._array(items)
            case Negation(operand):
                return combine("*", -1.0, self._value(operand))
            case Operation(symbol, left, right):
                return combine(symbol, self._value(left), self._value(right))
            case Call(function, arguments):
                return self._call(function, arguments)

    def _array(self, items: Sequence[Node]) -> SeriesArray:
        result: list[TimeSeries] = []
        for value in map(self._value, items):
            if isinstance(value, float):
                raise InvalidParameter(f"An array holds time series, got {kind(value)}.")
            result.extend([value] if isinstance(value, TimeSeries) else value)
        return tuple(result)

    def _call(self, function: str, arguments: Sequence[Node]) -> Value:
        if function in NOT_SUPPORTED:
            raise NotSupportedHere(f"The metric math function {function}")
        if function not in FUNCTIONS:
            raise NotSupportedHere(f"Unknown metric math function {function}: it")
        if function == "PERIOD" and not (
            len(arguments) == 1 and isinstance(arguments[0], Name) and arguments[0].value in self._context.metrics
        ):
            raise InvalidParameter("PERIOD takes the Id of a metric, not the result of another expression.")
        return FUNCTIONS[function](self._context, [self._argument(argument) for argument in arguments])
