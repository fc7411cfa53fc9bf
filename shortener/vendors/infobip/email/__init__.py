"""Infobip's e-mail: what only this channel has."""
