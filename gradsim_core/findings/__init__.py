"""Findings: experiments that relate what has been measured, each with its report."""
