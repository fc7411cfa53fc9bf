"""docs/integrate/detection.md: its table of reasons is the product's."""

from bench import detection


def test_every_reason_is_in_the_table_with_its_sentence() -> None:
    text = detection.GUIDE.read_text("utf-8")
    table = text.partition(detection.REASONS_BEGIN)[2].partition(detection.REASONS_END)[0]
    assert table.strip() == detection.reasons_table(), "python bench/detection.py --reasons writes it"
