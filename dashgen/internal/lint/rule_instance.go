package lint

func instance() rule {
	return rule{
		name:  "template-instance",
		rule:  "The same holds for `instance`: a variable chooses the instance, and each query matches the variable.",
		why:   "Without the variable, a sick instance is hidden among healthy instances. Moodring's own metrics have the label `gateway` for that.",
		check: scopedBy("instance"),
	}
}
