"""The names that `core` uses from PyNaCl. Defer this module: PyNaCl is slow to import."""

from nacl.exceptions import CryptoError
from nacl.public import Box, PrivateKey, PublicKey, SealedBox
from nacl.signing import SigningKey
from nacl.utils import random

__all__ = ["Box", "CryptoError", "PrivateKey", "PublicKey", "SealedBox", "SigningKey", "random"]
