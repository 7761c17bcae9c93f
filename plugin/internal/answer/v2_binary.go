package answer

import (
	"math"
	"math/bits"
)

// A tail reads the selected tensor of the bytes after the JSON of a V2 reply.
// These bytes are the tensors of all outputs with a binary_data_size, in the
// order of the outputs.
//
// Source: KServe, binary tensor data extension.
type tail struct {
	total      uint64 // length of all tensors
	received   uint64 // bytes so far
	isSelected bool   // a tensor is selected
	from, to   uint64 // the position of this tensor
	decoder    rawDecoder
}

func (t *tail) reset() { *t = tail{} }

// addTensor registers the next tensor.
func (t *tail) addTensor(size uint64, isChosen bool) {
	total, overflow := bits.Add64(t.total, size, 0)
	if overflow > 0 {
		total = math.MaxUint64 // longer than any reply
	}
	if isChosen {
		t.isSelected, t.from, t.to = true, t.total, total
		t.decoder = rawDecoder{}
	}
	t.total = total
}

func (t *tail) write(chunk []byte, tensor *tensor, sides *sides) {
	from := t.received
	t.received += uint64(len(chunk))
	if t.isSelected {
		t.decoder.write(cut(chunk, from, t.from, t.to), tensor)
	}
	for i := range sides.laters {
		output := &sides.later[i]
		if part := cut(chunk, from, output.from, output.to); len(part) > 0 {
			sides.writeLater(i, part, t.received >= output.to)
		}
	}
}

// cut returns the part of a chunk that lies between two positions. at is the position
// of the chunk.
func cut(chunk []byte, at, from, to uint64) []byte {
	end := at + uint64(len(chunk))
	if end <= from || at >= to {
		return nil
	}
	return chunk[max(from, at)-at : min(to, end)-at]
}

func (t *tail) close(tensor *tensor) {
	if t.isSelected {
		t.decoder.end(tensor)
	}
}

// A rawDecoder reads the elements of a tensor in binary form, without gaps, in
// little-endian order. An element of BYTES has its length before it, in four
// bytes.
type rawDecoder struct {
	bits     uint64 // of the current number
	shift    uint   // number of these bits
	textLeft uint64 // bytes of an element of BYTES still to come
}

func (d *rawDecoder) write(chunk []byte, t *tensor) {
	if t.datatype == bytesType {
		d.writeBytes(chunk, t)
		return
	}
	width := t.datatype.bits()
	for len(chunk) > 0 {
		if d.shift == 0 {
			chunk = d.writeNumbers(chunk, t, width)
		}
		for len(chunk) > 0 {
			isWhole := d.addByte(chunk[0], width)
			chunk = chunk[1:]
			if isWhole {
				t.addBits(d.bits, width)
				d.bits, d.shift = 0, 0
				break
			}
		}
	}
}

// writeNumbers reads the numbers that lie whole in the chunk, and returns the
// rest.
func (d *rawDecoder) writeNumbers(chunk []byte, t *tensor, width uint) []byte {
	for size := int(width / 8); len(chunk) >= size; chunk = chunk[size:] {
		var number uint64
		switch size {
		case 1:
			number = uint64(chunk[0])
		case 2:
			number = uint64(chunk[0]) | uint64(chunk[1])<<8
		case 4:
			number = fourBytes(chunk)
		case 8:
			number = fourBytes(chunk) | fourBytes(chunk[4:])<<32
		}
		t.addBits(number, width)
	}
	return chunk
}

// fourBytes returns an integer of four bytes. encoding/binary would bring package
// reflect.
func fourBytes(b []byte) uint64 {
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24
}

// addByte adds a byte to the current number, and reports whether the number is
// complete.
func (d *rawDecoder) addByte(c byte, width uint) bool {
	d.bits |= uint64(c) << d.shift
	d.shift += 8
	return d.shift == width
}

func (d *rawDecoder) writeBytes(chunk []byte, t *tensor) {
	for len(chunk) > 0 {
		if d.textLeft == 0 {
			if d.addByte(chunk[0], 32) {
				d.textLeft, d.bits, d.shift = d.bits, 0, 0
				d.endText(t)
			}
			chunk = chunk[1:]
			continue
		}
		n := min(d.textLeft, uint64(len(chunk)))
		t.AddAll(chunk[:n])
		chunk = chunk[n:]
		d.textLeft -= n
		d.endText(t)
	}
}

func (d *rawDecoder) endText(t *tensor) {
	if d.textLeft == 0 {
		t.endBytes()
	}
}

// end ends the tensor.
func (d *rawDecoder) end(t *tensor) {
	if d.shift > 0 || d.textLeft > 0 {
		t.invalidate()
	}
	t.endOutput()
}

// addBits adds an element by its bits.
func (t *tensor) addBits(bits uint64, width uint) {
	switch t.datatype {
	case fp32Type: // most scores
		t.addFloat(float64(math.Float32frombits(uint32(bits))))
	case boolType:
		t.addUnsigned(min(bits, 1))
	case fp16Type, bf16Type, fp64Type:
		t.addFloat(t.datatype.float(bits))
	case int8Type, int16Type, int32Type, int64Type:
		t.addInteger(int64(bits<<(64-width)) >> (64 - width))
	default:
		t.addUnsigned(bits << (64 - width) >> (64 - width))
	}
}

// float returns the value of a float by its bits.
func (d datatype) float(bits uint64) float64 {
	switch d {
	case fp16Type:
		return halfFloat(uint16(bits))
	case bf16Type:
		return float64(math.Float32frombits(uint32(bits) << 16))
	case fp32Type:
		return float64(math.Float32frombits(uint32(bits)))
	}
	return math.Float64frombits(bits)
}

// halfFloat returns the value of an IEEE 754 binary16.
func halfFloat(bits uint16) float64 {
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
