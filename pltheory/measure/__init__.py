"""Numbers at one point, each with its direction: kernel, spectrum, Hessians, PL* ratio, search in a ball."""
