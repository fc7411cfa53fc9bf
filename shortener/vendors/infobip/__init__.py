"""Infobip's wire format: SMS and e-mail, each in two generations that its clients still speak."""
