"""The accessibility check finds faults, in light and in dark mode."""

from playwright.sync_api import Page

from tests.support import axe

# The background is set: without one, axe-core assumes white, also in dark mode.
PALE_BY_NIGHT = (
    "<style>:root { color-scheme: light dark } p { background: Canvas; color: light-dark(#000, #333) }</style>"
)


def test_a_serious_fault_is_reported_with_its_place(page: Page) -> None:
    page.set_content('<html lang="en"><title>A page</title><main><h1>A page</h1><img src="data:,"></main>')
    [fault] = axe.faults(page)
    assert fault.startswith("light: image-alt: ")
    assert '<img src="data:,">' in fault


def test_a_fault_in_dark_mode_is_found(page: Page) -> None:
    page.set_content(f'<html lang="en"><title>A page</title>{PALE_BY_NIGHT}<main><h1>A page</h1><p>Text</p></main>')
    [fault] = axe.faults(page)
    assert fault.startswith("dark: color-contrast: ")
