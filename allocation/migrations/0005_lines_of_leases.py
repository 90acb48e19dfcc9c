"""The licence lines that each lease stood on, of every authority with a say, as one view for whoever counts use."""

from typing import ClassVar

from django.db import migrations

# A receipt draws a unit of a line of each authority; a device's own two columns are the first of each side.
LINES = """
CREATE VIEW allocation_lease_line AS
    SELECT id AS lease_id, device_id, exporter_line_id AS line_id FROM allocation_lease
    UNION
    SELECT id, device_id, importer_line_id FROM allocation_lease
    UNION
    SELECT l.id, l.device_id, w.line_id
    FROM allocation_lease l
    JOIN allocation_device d ON d.id = l.device_id
    JOIN procurement_draw w ON w.item_id = d.item_id;
"""


class Migration(migrations.Migration):
    """Adds the view."""

    dependencies: ClassVar = [
        ("allocation", "0004_commands_arrays_and_order_of_jobs"),
        ("procurement", "0009_evidence_and_red_flags"),
    ]

    operations: ClassVar = [migrations.RunSQL(LINES, "DROP VIEW allocation_lease_line")]
