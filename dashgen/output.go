package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/moodring/moodring/dashgen/internal/dashboard"
)

func writeText(out io.Writer, text string) error {
	_, err := io.WriteString(out, text)
	return err
}

func writeJSON(out io.Writer, value any) error {
	text, err := dashboard.Marshal(value)
	if err != nil {
		return err
	}
	return writeText(out, string(text))
}

// count returns a number with its noun, as "1 problem" and "2 problems".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// writeTable prints rows in columns. Tabs separate the cells of a row.
func writeTable(out io.Writer, rows []string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if err := writeText(table, printable(strings.Join(rows, "\n"))+"\n"); err != nil {
		return err
	}
	return table.Flush()
}

// printable replaces the characters that a terminal would obey: other servers and other
// people's dashboards give titles and errors. Tabs and line breaks stay.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' && r != '\n' {
			return '\ufffd'
		}
		return r
	}, text)
}
