"""Infobip's wire format for SMS, in both generations."""
