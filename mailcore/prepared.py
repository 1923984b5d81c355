"""Querysets whose SQL is made once.

Django makes the SQL of a queryset anew each time, which takes several times longer than SQLite
needs to answer: 0.7 ms against 0.1 ms. What every request asks is prepared here instead.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable, ValuesListIterable, get_related_populators
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row")


class Prepared(Generic[Row]):
    """`make` gives the queryset for some values; of models, with `select_related` at most, or `values_list`.

    `samples` are values of the right types that occur nowhere else in the query; `None` and
    lookups that change the value (`__contains`) are not for this. The queryset is made at the
    first call, and again for each database vendor.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Row]], *samples: int | str) -> None:
        self._make = make
        self._samples = samples
        self._plans: dict[str, _Plan] = {}

    def list(self, *values: int | str) -> list[Row]:
        connection = connections["default"]
        plan = self._plans.get(connection.vendor)
        if plan is None:
            plan = self._plans[connection.vendor] = _Plan(self._make(*self._samples), self._samples)
        with connection.cursor() as cursor:
            cursor.execute(plan.sql, [values[place] if place >= 0 else fixed for place, fixed in plan.parameters])
            rows = cursor.fetchall()
        return cast(list[Row], plan.read(connection, rows))

    def first(self, *values: int | str) -> Row | None:
        found = self.list(*values)
        return found[0] if found else None


class _Plan:
    def __init__(self, queryset: QuerySet[Any, Any], samples: Sequence[int | str]) -> None:
        compiler: SQLCompiler = queryset.query.get_compiler(using="default")
        self.sql, parameters = compiler.as_sql()
        self.parameters = [(samples.index(one), None) if one in samples else (-1, one) for one in parameters]
        if {place for place, _fixed in self.parameters} - {-1} != set(range(len(samples))):
            raise ValueError(f"a sample of {samples} is not a parameter of {self.sql}")
        self._converters = compiler.get_converters([column[0] for column in compiler.select])
        if issubclass(queryset._iterable_class, ValuesListIterable):
            self._build: Callable[[Sequence[Any]], Any] = tuple
        elif queryset._iterable_class is ModelIterable:
            self._build = self._builder(compiler)
        else:
            raise ValueError("neither models nor values_list")

    def read(self, connection: Any, rows: Sequence[Sequence[Any]]) -> list[Any]:
        for place, (converters, expression) in self._converters.items():
            rows = [[*row[:place], _convert(row[place], converters, expression, connection), *row[place + 1 :]] for row in rows]
        return [self._build(row) for row in rows]

    @staticmethod
    def _builder(compiler: SQLCompiler) -> Callable[[Sequence[Any]], Model]:
        shape: Any = compiler.klass_info
        model, places = shape["model"], shape["select_fields"]
        names = [compiler.select[place][0].target.attname for place in places]
        populators = get_related_populators(shape, compiler.select, "default")  # type: ignore[call-arg]  # stubs of a later Django

        def build(row: Sequence[Any]) -> Model:
            found: Model = model.from_db("default", names, [row[place] for place in places])
            for populator in populators:
                populator.populate(row, found)
            return found

        return build


def _convert(value: Any, converters: Sequence[Callable[..., Any]], expression: Any, connection: Any) -> Any:
    for converter in converters:
        value = converter(value, expression, connection)
    return value
