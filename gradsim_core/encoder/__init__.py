"""Encoders: loaded, adapted, packed, told apart by block; and text as their token ids."""
