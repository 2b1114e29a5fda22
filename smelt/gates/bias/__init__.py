"""Does a set of rules bias the corpus? Counts, figures and the page that shows them."""
