package lint

func instance() rule {
	return rule{
		name:  "template-instance",
		what:  "The same for `instance`: a variable chooses which, and each query matches it.",
		why:   "Without one, a sick instance hides among the sound ones. Moodring's own metrics are told apart by `gateway`.",
		check: scopedBy("instance"),
	}
}
