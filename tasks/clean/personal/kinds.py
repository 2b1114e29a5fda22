"""Numbers of the kinds of personal data, as kernels speak of them; the order is that of ``PLACEHOLDERS``."""

from smelt.recipe.clean import PLACEHOLDERS

NOTHING = -1
EMAIL, PHONE, ID_NUMBER, BANK_CARD, IP, PASSPORT, PLATE, SOCIAL, BYLINE, SECRET = range(len(PLACEHOLDERS))
