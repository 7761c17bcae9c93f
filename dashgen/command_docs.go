package main

import "github.com/moodring/moodring/dashgen/internal/board"

// docsCommand returns a command that prints a document.
func docsCommand(name, help string, document func(board.Set) string) func(program, []string) error {
	return func(p program, args []string) error {
		set := newFlags(name, "> docs/"+name+".md\n\n"+help+"\n")
		if err := set.parseAll(args, p.stdout); err != nil {
			return err
		}
		return writeText(p.stdout, document(board.All()))
	}
}
