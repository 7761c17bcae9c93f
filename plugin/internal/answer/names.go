package answer

import "github.com/moodring/moodring/contract"

// A nameList keeps the first labels of a list, until their scores are known. It
// ends before a label that is too long.
type nameList struct {
	n     int // labels in the list, kept or not
	kept  int
	ends  [contract.MaxLabels]uint16 // of the kept labels, in bytes
	bytes [contract.MaxLabels * 32]byte
}

func (l *nameList) reset() { l.n, l.kept = 0, 0 }

func (l *nameList) add(label *contract.Text) {
	if l.n++; l.kept < l.n-1 || l.kept == len(l.ends) || label.IsCut() {
		return
	}
	var buffer [contract.MaxLabelBytes]byte
	text := label.Append(buffer[:0])
	from := l.end(l.kept - 1)
	if from+len(text) > len(l.bytes) {
		return
	}
	l.ends[l.kept] = uint16(from + copy(l.bytes[from:], text))
	l.kept++
}

func (l *nameList) end(at int) int {
	if at < 0 {
		return 0
	}
	return int(l.ends[at])
}

// get sets text to a label, and reports whether the label was kept.
func (l *nameList) get(text *contract.Text, at int) bool {
	if at >= l.kept {
		return false
	}
	text.Reset()
	text.AddAll(l.bytes[l.end(at-1):l.end(at)])
	return true
}
