"""Runs tests on other engines than the embedded one, so that what moto accepts and AWS refuses is found."""
