package answer

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// tail is what follows the JSON of a V2 reply: the tensors of those outputs that
// say binary_data_size, in their order. Only one of them is read.
//
// Source: KServe, binary tensor data extension.
type tail struct {
	total    uint64 // bytes of all
	at       uint64 // bytes that came
	isChosen bool   // one is read
	from, to uint64 // where it stands
	data     data
}

func (t *tail) reset() { *t = tail{} }

// add takes the size of the next tensor.
func (t *tail) add(size uint64, isChosen bool) {
	total, overflow := bits.Add64(t.total, size, 0)
	if overflow > 0 {
		total = math.MaxUint64 // more than will come
	}
	if isChosen {
		t.isChosen, t.from, t.to = true, t.total, total
		t.data = data{}
	}
	t.total = total
}

func (t *tail) write(piece []byte, tensor *tensor) {
	from := t.at
	t.at += uint64(len(piece))
	if !t.isChosen || t.at <= t.from || from >= t.to {
		return
	}
	begin := max(t.from, from) - from
	end := min(t.to, t.at) - from
	t.data.write(piece[begin:end], tensor)
}

func (t *tail) close(tensor *tensor) {
	if t.isChosen {
		t.data.end(tensor)
	}
}

// data is a tensor as bytes: its elements one after the other, in little-endian
// order; those of BYTES each after its length, which is four bytes long.
type data struct {
	bits  uint64 // of the number so far
	shift uint   // how many bits they are
	text  uint64 // bytes of an element of BYTES that are still to come
}

func (d *data) write(piece []byte, t *tensor) {
	if t.datatype == bytesType {
		d.writeBytes(piece, t)
		return
	}
	width := t.datatype.bits()
	for len(piece) > 0 {
		if d.shift == 0 {
			piece = d.writeWhole(piece, t, width)
		}
		for len(piece) > 0 {
			isWhole := d.add(piece[0], width)
			piece = piece[1:]
			if isWhole {
				t.number(d.bits, width)
				d.bits, d.shift = 0, 0
				break
			}
		}
	}
}

// writeWhole takes the numbers that lie in the piece as a whole, and returns
// what is left of it.
func (d *data) writeWhole(piece []byte, t *tensor, width uint) []byte {
	for size := int(width / 8); len(piece) >= size; piece = piece[size:] {
		var number uint64
		switch size {
		case 1:
			number = uint64(piece[0])
		case 2:
			number = uint64(binary.LittleEndian.Uint16(piece))
		case 4:
			number = uint64(binary.LittleEndian.Uint32(piece))
		case 8:
			number = binary.LittleEndian.Uint64(piece)
		}
		t.number(number, width)
	}
	return piece
}

// add adds a byte to the number, and tells whether it is whole.
func (d *data) add(c byte, width uint) bool {
	d.bits |= uint64(c) << d.shift
	d.shift += 8
	return d.shift == width
}

func (d *data) writeBytes(piece []byte, t *tensor) {
	for len(piece) > 0 {
		if d.text == 0 {
			if d.add(piece[0], 32) {
				d.text, d.bits, d.shift = d.bits, 0, 0
				d.endBytes(t)
			}
			piece = piece[1:]
			continue
		}
		n := min(d.text, uint64(len(piece)))
		t.AddAll(piece[:n])
		piece = piece[n:]
		d.text -= n
		d.endBytes(t)
	}
}

func (d *data) endBytes(t *tensor) {
	if d.text == 0 {
		t.endBytes()
	}
}

// end follows the last byte.
func (d *data) end(t *tensor) {
	if d.shift > 0 || d.text > 0 {
		t.spoil()
	}
	t.end()
}

// number takes an element by its bits, which are width many.
func (t *tensor) number(bits uint64, width uint) {
	switch t.datatype {
	case boolType:
		t.unsigned(min(bits, 1))
	case fp16Type:
		t.float(half(uint16(bits)))
	case bf16Type:
		t.float(float64(math.Float32frombits(uint32(bits) << 16)))
	case fp32Type:
		t.float(float64(math.Float32frombits(uint32(bits))))
	case fp64Type:
		t.float(math.Float64frombits(bits))
	case int8Type, int16Type, int32Type, int64Type:
		t.integer(int64(bits<<(64-width)) >> (64 - width))
	default:
		t.unsigned(bits << (64 - width) >> (64 - width))
	}
}

// half returns the value of an IEEE 754 binary16.
func half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	value := math.Ldexp(1024+fraction, exponent-25)
	switch exponent {
	case 0:
		value = math.Ldexp(fraction, -24)
	case 31:
		if value = math.Inf(1); fraction > 0 {
			value = math.NaN()
		}
	}
	if bits>>15 == 1 {
		return -value
	}
	return value
}
