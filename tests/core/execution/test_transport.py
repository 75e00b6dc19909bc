import pytest

from eolearn.core.exceptions import EOLearnError
from eolearn.core.execution.transport import dumps, loads, portable


class FromNowhere(Exception):
    def __reduce__(self):
        return FromNowhere.missing, ()


class TurnsIntoAnother(Exception):
    def __reduce__(self):
        return ValueError, ("another",)


def test_lambdas_and_local_classes_travel():
    class Local:
        number = 3

    assert loads(dumps(lambda: Local.number))() == 3


@pytest.mark.parametrize("error", [ValueError("x"), KeyError(3), OSError(2, "no file")])
def test_error_that_can_travel_is_left_as_it_is(error):
    assert portable(error) is error


@pytest.mark.parametrize("error_class", [FromNowhere, TurnsIntoAnother])
def test_text_stands_in_for_an_error_that_cannot_travel(error_class):
    stand_in = portable(error_class("the text"))
    assert type(stand_in) is EOLearnError
    assert str(stand_in) == f"{__name__}.{error_class.__name__}: the text"
