"""How recipients are stored, and found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.recipient_storage import RecipientStorage, readings, stored


@pytest.mark.parametrize(
    ("recipient", "masked"),
    [("+818012345678", "*********5678"), ("5678", "****"), ("ann@example.com", "***********.com")],
)
def test_a_masked_recipient_keeps_its_end(recipient: str, masked: str) -> None:
    assert stored(recipient, RecipientStorage.MASKED) == masked


@given(st.text(min_size=5, max_size=40), st.sampled_from([RecipientStorage.FULL, RecipientStorage.MASKED]))
def test_a_recipient_is_found_as_it_was_stored(recipient: str, storage: RecipientStorage) -> None:
    assert stored(recipient, storage) in readings(recipient)


def test_four_asterisks_stand_for_nobody() -> None:
    """A short recipient is masked whole, so its mask would find every other one."""
    assert readings("5678") == {"5678"}


def test_a_mask_finds_itself() -> None:
    assert "*********5678" in readings("*********5678")
