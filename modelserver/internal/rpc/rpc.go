// Package rpc serves the models over gRPC by the Open Inference Protocol.
package rpc

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/moodring/moodring/modelserver/internal/metric"
	"github.com/moodring/moodring/modelserver/internal/model"
	"github.com/moodring/moodring/modelserver/internal/oip"
	"github.com/moodring/moodring/modelserver/internal/problem"
	"github.com/moodring/moodring/modelserver/internal/tensor"
	v2 "github.com/moodring/moodring/modelserver/internal/v2"
)

// Options configure the service.
type Options struct {
	Models  *model.Repository
	Metrics *metric.Metrics
	Version string // of the server
}

type service struct {
	oip.UnimplementedGRPCInferenceServiceServer
	Options
}

// Register adds the service to a gRPC server.
func Register(server *grpc.Server, options Options) {
	oip.RegisterGRPCInferenceServiceServer(server, &service{Options: options})
}

// refuse returns err as gRPC's status.
func refuse(err error) error {
	refusal := problem.Of(err)
	return status.Error(refusal.GRPC(), refusal.Message)
}

func (s *service) ServerLive(context.Context, *oip.ServerLiveRequest) (*oip.ServerLiveResponse, error) {
	return &oip.ServerLiveResponse{Live: true}, nil
}

func (s *service) ServerReady(context.Context, *oip.ServerReadyRequest) (*oip.ServerReadyResponse, error) {
	return &oip.ServerReadyResponse{Ready: s.Models.Ready()}, nil
}

func (s *service) ModelReady(_ context.Context, request *oip.ModelReadyRequest) (*oip.ModelReadyResponse, error) {
	if err := checkVersion(request.GetVersion()); err != nil {
		return nil, refuse(err)
	}
	err := s.Models.Check(request.GetName())
	if err != nil && problem.Of(err).Kind == problem.NotFound {
		return nil, refuse(err)
	}
	return &oip.ModelReadyResponse{Ready: err == nil}, nil
}

func (s *service) ServerMetadata(context.Context, *oip.ServerMetadataRequest) (*oip.ServerMetadataResponse, error) {
	return &oip.ServerMetadataResponse{Name: "moodring-modelserver", Version: s.Version, Extensions: v2.Extensions}, nil
}

func (s *service) ModelMetadata(_ context.Context, request *oip.ModelMetadataRequest) (*oip.ModelMetadataResponse, error) {
	if err := checkVersion(request.GetVersion()); err != nil {
		return nil, refuse(err)
	}
	m, release, err := s.Models.Acquire(request.GetName())
	if err != nil {
		return nil, refuse(err)
	}
	defer release()
	described := v2.Describe(m)
	return &oip.ModelMetadataResponse{
		Name: described.Name, Versions: described.Versions, Platform: described.Platform,
		Inputs: tensors(described.Inputs), Outputs: tensors(described.Outputs),
	}, nil
}

func tensors(described []v2.Tensor) []*oip.ModelMetadataResponse_TensorMetadata {
	all := make([]*oip.ModelMetadataResponse_TensorMetadata, len(described))
	for i, t := range described {
		all[i] = &oip.ModelMetadataResponse_TensorMetadata{Name: t.Name, Datatype: t.Datatype, Shape: wide(t.Shape)}
	}
	return all
}

func wide(shape []int) []int64 {
	all := make([]int64, len(shape))
	for i, size := range shape {
		all[i] = int64(size)
	}
	return all
}

func checkVersion(version string) error {
	if version == "" || version == v2.Version {
		return nil
	}
	return problem.New(problem.NotFound, "the model has one version, %s", v2.Version)
}

func (s *service) ModelInfer(ctx context.Context, request *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	started := time.Now()
	response, err := s.infer(ctx, request)
	code := codes.OK
	if err != nil {
		code = problem.Of(err).GRPC()
		err = refuse(err)
	}
	if slices.Contains(s.Models.Names(), request.GetModelName()) {
		s.Metrics.Requests.WithLabelValues(request.GetModelName(), "grpc", code.String()).Observe(time.Since(started).Seconds())
	}
	return response, err
}

// ModelStreamInfer answers the requests of a stream one after the other. An error of one request does not end the stream.
func (s *service) ModelStreamInfer(stream grpc.BidiStreamingServer[oip.ModelInferRequest, oip.ModelStreamInferResponse]) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		out := &oip.ModelStreamInferResponse{}
		if out.InferResponse, err = s.ModelInfer(stream.Context(), request); err != nil {
			// Triton's clients match an error to its request by the id.
			out.ErrorMessage = status.Convert(err).Message()
			out.InferResponse = &oip.ModelInferResponse{Id: request.GetId(), ModelName: request.GetModelName()}
		}
		if err := stream.Send(out); err != nil {
			return err
		}
	}
}

func (s *service) infer(ctx context.Context, request *oip.ModelInferRequest) (*oip.ModelInferResponse, error) {
	if err := checkVersion(request.GetModelVersion()); err != nil {
		return nil, err
	}
	m, release, err := s.Models.Acquire(request.GetModelName())
	if err != nil {
		return nil, err
	}
	defer release()
	texts, err := readTexts(request)
	if err != nil {
		return nil, problem.Refuse(err)
	}
	wanted, err := outputs(request)
	if err != nil {
		return nil, problem.Refuse(err)
	}
	if len(texts) > tensor.MaxTexts {
		return nil, problem.New(problem.TooLarge, "%d texts in one request; send at most %d", len(texts), tensor.MaxTexts)
	}
	answer, err := m.Predict(ctx, texts)
	if err != nil {
		return nil, err
	}
	return reply(request, wanted, answer), nil
}

// outputs returns the names of the requested outputs, or of all.
func outputs(request *oip.ModelInferRequest) ([]string, error) {
	if len(request.GetOutputs()) == 0 {
		return []string{tensor.Label, tensor.Scores}, nil
	}
	names := make([]string, len(request.GetOutputs()))
	for i, output := range request.GetOutputs() {
		names[i] = output.GetName()
	}
	return names, v2.CheckOutputs(names)
}

// reply has raw contents, which Moodring's filter reads and which all clients take.
func reply(request *oip.ModelInferRequest, wanted []string, answer *model.Answer) *oip.ModelInferResponse {
	out := &oip.ModelInferResponse{ModelName: request.GetModelName(), ModelVersion: request.GetModelVersion(), Id: request.GetId()}
	if answer.Truncated > 0 {
		count := &oip.InferParameter{ParameterChoice: &oip.InferParameter_Int64Param{Int64Param: int64(answer.Truncated)}}
		out.Parameters = map[string]*oip.InferParameter{v2.Truncated: count}
	}
	for _, name := range wanted {
		shape, datatype := v2.Shape(name, answer)
		out.Outputs = append(out.Outputs, &oip.ModelInferResponse_InferOutputTensor{Name: name, Datatype: datatype, Shape: wide(shape)})
		out.RawOutputContents = append(out.RawOutputContents, v2.Append(nil, name, answer))
	}
	return out
}

// readTexts reads the texts from the raw or the typed contents.
func readTexts(request *oip.ModelInferRequest) ([]string, error) {
	if len(request.GetInputs()) != 1 {
		return nil, errors.New("the request must have one input of datatype BYTES")
	}
	input, raw := request.GetInputs()[0], request.GetRawInputContents()
	if err := tensor.Check(input.GetName(), input.GetDatatype(), input.GetShape()); err != nil {
		return nil, err
	}
	var texts []string
	var err error
	switch {
	case len(raw) > 1:
		return nil, errors.New("the request has more raw contents than inputs")
	case len(raw) == 1 && input.GetContents() != nil:
		return nil, errors.New("the input has both raw and typed contents; want one of them")
	case len(raw) == 1:
		texts, err = tensor.Texts(raw[0])
	default:
		texts, err = typed(input.GetContents())
	}
	if err != nil {
		return nil, err
	}
	return texts, tensor.CheckCount(input.GetShape(), len(texts))
}

func typed(contents *oip.InferTensorContents) ([]string, error) {
	texts := make([]string, len(contents.GetBytesContents()))
	for i, text := range contents.GetBytesContents() {
		texts[i] = string(text)
	}
	return texts, tensor.CheckUTF8(texts)
}
