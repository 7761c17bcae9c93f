package answer

import (
	"github.com/moodring/moodring/plugin/internal/ascii"
	"github.com/moodring/moodring/plugin/internal/json"
)

// An events reads a stream of events (text/event-stream) in place of a JSON reply.
// Every event of OpenAI's API is a JSON object. Lines of other fields, comments, and
// data that begins with a list, as the final [DONE] does, are ignored. A new line of
// data begins a new event if the object before it is complete.
//
// Source: WHATWG, Server-sent events, Interpreting an event stream.
type events struct {
	isKnown bool // whether the body is a stream, or is JSON
	isOn    bool // the body is a stream
	isNamed bool // a line is data or a comment, so the body is no other text
	place   linePlace
	matched int // bytes of dataField at the beginning of the line
}

// linePlace is a position in a line.
type linePlace uint8

const (
	inField    linePlace = iota // in the field's name
	beforeData                  // behind the field's name
	inEvent                     // in the JSON of an event
	inIgnored                   // in a line that is not read
)

const dataField = "data:"

func (e *events) reset() { *e = events{} }

// isStart reports whether a stream can begin with this byte: with a comment, or with
// the name of a field. No JSON of a reply begins like this.
func isStart(c byte) bool { return c == ':' || c == 'd' || c == 'e' || c == 'i' || c == 'r' }

// writeJSON reads the next chunk of a body that is JSON or a stream.
func (s *Scanner) writeJSON(chunk []byte) {
	e := &s.events
	if at := firstByte(chunk); !e.isKnown && at < len(chunk) {
		e.isKnown, e.isOn = true, isStart(chunk[at])
		chunk = chunk[at:]
	}
	if e.isOn {
		s.writeEvents(chunk)
	} else {
		s.json.Write(chunk)
	}
}

// firstByte returns the position of the first byte that is no white space.
func firstByte(chunk []byte) int {
	at := 0
	for at < len(chunk) && json.IsSpace(chunk[at:at+1]) {
		at++
	}
	return at
}

// writeEvents reads the next chunk of a stream, line by line.
func (s *Scanner) writeEvents(chunk []byte) {
	for len(chunk) > 0 {
		end := ascii.IndexByte(chunk, '\n') + 1
		if end == 0 {
			s.writeLine(chunk)
			return
		}
		s.writeLine(chunk[:end])
		s.events.place, s.events.matched = inField, 0
		chunk = chunk[end:]
	}
}

// writeLine reads the next part of a line.
func (s *Scanner) writeLine(part []byte) {
	e := &s.events
	for len(part) > 0 && e.place == inField {
		e.matchField(part[0])
		part = part[1:]
	}
	if at := firstByte(part); e.place == beforeData && at < len(part) {
		part = part[at:]
		s.beginData(part[0])
	}
	if e.place == inEvent {
		s.json.Write(part)
	}
}

// matchField compares the beginning of a line with dataField.
func (e *events) matchField(c byte) {
	if c != dataField[e.matched] {
		e.isNamed = e.isNamed || c == ':' && e.matched == 0
		e.place = inIgnored
	} else if e.matched++; e.matched == len(dataField) {
		e.isNamed, e.place = true, beforeData
	}
}

// beginData begins the data of a line, which is another event or the rest of one.
func (s *Scanner) beginData(first byte) {
	e := &s.events
	e.place = inEvent
	isNext := s.json.IsComplete() || s.json.IsEmpty()
	if isNext && first == '[' {
		e.place = inIgnored
	} else if isNext {
		s.beginDocument()
	}
}

// eventMember returns the meaning of a member of an event. Only choices are read.
func eventMember(name []byte) member {
	switch string(name) {
	case "choices":
		return choicesMember
	case "model":
		return modelMember
	}
	return otherMember
}
