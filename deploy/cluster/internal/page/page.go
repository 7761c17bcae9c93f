// Package page runs the commands of a Markdown page, and compares their output with
// the output on the page.
package page

import (
	"fmt"
	"strings"
)

// Section is a heading with its commands.
type Section struct {
	Title string
	Steps []Step
}

// Step is a command of a page.
type Step struct {
	Line    int // in the page, counted from 1
	Command string
	Output  []string // empty if the page shows no output
}

const (
	fence        = "```"
	language     = fence + "console"
	prompt       = "$ "
	continuation = "> "
	heading      = "#"
)

// Parse returns the sections with commands. A command stands after "$ " in a block of
// the language console, its further lines after "> ", and its output below.
func Parse(text string) ([]Section, error) {
	p := parser{}
	for i, line := range strings.Split(text, "\n") {
		if err := p.line(i+1, line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if p.inBlock {
		return nil, fmt.Errorf("the last block has no end")
	}
	var sections []Section
	for _, s := range p.sections {
		if len(s.Steps) > 0 {
			sections = append(sections, s)
		}
	}
	return sections, nil
}

type parser struct {
	sections         []Section
	inBlock, isShell bool
}

func (p *parser) line(number int, line string) error {
	switch {
	case strings.HasPrefix(line, fence):
		p.inBlock, p.isShell = !p.inBlock, line == language
	case p.inBlock && p.isShell:
		return p.shell(number, line)
	case !p.inBlock && strings.HasPrefix(line, heading):
		p.sections = append(p.sections, Section{Title: strings.TrimLeft(line, "# ")})
	}
	return nil
}

func (p *parser) shell(number int, line string) error {
	if len(p.sections) == 0 {
		return fmt.Errorf("a command before the first heading")
	}
	section := &p.sections[len(p.sections)-1]
	if command, ok := strings.CutPrefix(line, prompt); ok {
		section.Steps = append(section.Steps, Step{Line: number, Command: command})
		return nil
	}
	if len(section.Steps) == 0 {
		return fmt.Errorf("output before the first command")
	}
	step := &section.Steps[len(section.Steps)-1]
	if more, ok := strings.CutPrefix(line, continuation); ok && len(step.Output) == 0 {
		step.Command += "\n" + more
		return nil
	}
	if line != "" || len(step.Output) > 0 { // an empty line parts two commands
		step.Output = append(step.Output, line)
	}
	return nil
}

// From returns the sections from a title on.
func From(sections []Section, title string) []Section {
	for i, s := range sections {
		if s.Title == title {
			return sections[i:]
		}
	}
	return nil
}

// anything on a page matches any text, and alone in a line any number of lines.
const anything = "..."

// Matches reports whether a command printed the output on a page. The number of spaces
// between two words does not count, because tables differ in the width of columns.
func Matches(shown, printed []string) bool {
	shown, printed = trim(shown), trim(printed)
	if len(shown) == 0 {
		return len(printed) == 0
	}
	if shown[0] == anything {
		for skip := range len(printed) + 1 {
			if Matches(shown[1:], printed[skip:]) {
				return true
			}
		}
		return false
	}
	return len(printed) > 0 && matchLine(shown[0], printed[0]) && Matches(shown[1:], printed[1:])
}

// trim removes empty lines at the end.
func trim(lines []string) []string {
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func matchLine(shown, printed string) bool {
	shown, printed = strings.Join(strings.Fields(shown), " "), strings.Join(strings.Fields(printed), " ")
	parts := strings.Split(shown, anything)
	if len(parts) == 1 {
		return shown == printed
	}
	rest, ok := strings.CutPrefix(printed, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
