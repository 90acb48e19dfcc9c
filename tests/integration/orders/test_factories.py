"""The rows that tests begin with fit the database's own rules."""

import pytest

from tests import factories as make

pytestmark = pytest.mark.django_db


def test_factories_whole_story_fits_every_constraint() -> None:
    order = make.make_order()
    exporter, importer = make.make_both_licences(order, importer=4)
    receipt = make.make_receipt(order, ["S-1", "S-2"], exporter=exporter, importer=importer)
    filing = make.make_filing(order)
    assert receipt.items.count() == 2
    assert importer.lines.get().free == 2
    assert filing.team == order.team
