package rpc

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that codec wraps
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxValues limits the values of a message: a decoded value takes far more memory than the two bytes that it may have in the
// message. A request with the largest number of texts has a tenth of this.
const maxValues = 16384

// Codec returns gRPC's codec for protobuf, with a limit on the values of a message.
func Codec() encoding.CodecV2 { return codec{encoding.GetCodecV2("proto")} }

type codec struct{ encoding.CodecV2 }

// Unmarshal counts the values before it decodes them.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	message, ok := v.(proto.Message)
	if ok && data.Len() > maxValues && values(data.Materialize(), message.ProtoReflect().Descriptor()) > maxValues {
		return fmt.Errorf("the message has more than %d values; send fewer texts at once", maxValues)
	}
	return c.CodecV2.Unmarshal(data, v)
}

// values returns the number of values in a message, or more. The decoder gives the error of a damaged message.
func values(data []byte, message protoreflect.MessageDescriptor) int {
	count := 0
	for len(data) > 0 && count <= maxValues {
		number, kind, size := protowire.ConsumeTag(data)
		if size < 0 {
			break
		}
		data = data[size:]
		if size = protowire.ConsumeFieldValue(number, kind, data); size < 0 {
			break
		}
		count++
		if field := message.Fields().ByNumber(number); field != nil && kind == protowire.BytesType {
			content, _ := protowire.ConsumeBytes(data)
			switch {
			case field.Message() != nil:
				count += values(content, field.Message())
			case field.IsList() && field.Kind() != protoreflect.BytesKind && field.Kind() != protoreflect.StringKind: // packed
				count += len(content)
			}
		}
		data = data[size:]
	}
	return count
}
