"""Check a page for accessibility faults with axe-core."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

GRAVE = {"serious", "critical"}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}


def faults(page: Page) -> list[str]:
    """Each serious or critical fault, in light mode and, for colours, in dark mode.

    A line gives the rule, what it asks for, where it is broken and how to mend that.
    """
    page.evaluate(AXE_SCRIPT)
    found = []
    for scheme, options in (("light", {}), ("dark", COLOURS)):
        # Without motion: during a transition, axe-core would judge a colour in between.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        found += [f"{scheme}: {fault}" for fault in _run(page, options)]
    page.emulate_media(color_scheme="null", reduced_motion="null")
    return found


def _run(page: Page, options: dict[str, Any]) -> list[str]:
    asked = {"resultTypes": ["violations"], **options}
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}: {node['failureSummary']}"
        for violation in page.evaluate("options => axe.run(document, options)", asked)["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
