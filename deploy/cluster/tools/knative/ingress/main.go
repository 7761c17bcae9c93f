// Ingress stands in for Knative's net-istio, whose module cannot be downloaded. It
// makes the VirtualServices of Istio that net-istio 0.44 makes of Knative's
// Ingresses, waits until the gateway's pods have them, and says so in the status.
//
// It lacks TLS, several gateways, headless Services of its own, and events: it lists
// all Ingresses twice a second.
package main

import (
	"context"
	"encoding/json"
	"log"
	"time"

	istio "istio.io/client-go/pkg/apis/networking/v1beta1"
	istioclient "istio.io/client-go/pkg/clientset/versioned"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"knative.dev/networking/pkg/apis/networking"
	"knative.dev/networking/pkg/apis/networking/v1alpha1"
	knativeclient "knative.dev/networking/pkg/client/clientset/versioned"
	"knative.dev/networking/pkg/ingress"
	"knative.dev/pkg/kmeta"
)

const (
	// class is the annotation of the Ingresses that net-istio serves.
	class = "istio.ingress.networking.knative.dev"
	// every is the time between two lists of all Ingresses.
	every = 500 * time.Millisecond
	// manager owns the fields of the VirtualServices.
	manager = "moodring-ingress"
)

// controller keeps VirtualServices in step with Ingresses.
type controller struct {
	kube    kubernetes.Interface
	istio   istioclient.Interface
	knative knativeclient.Interface
}

func main() {
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	c := controller{kubernetes.NewForConfigOrDie(config), istioclient.NewForConfigOrDie(config), knativeclient.NewForConfigOrDie(config)}
	for ctx := context.Background(); ; time.Sleep(every) {
		// Version 0: any state that the API server has in memory.
		all, err := c.knative.NetworkingV1alpha1().Ingresses("").List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			log.Print(err)
			continue
		}
		for i := range all.Items {
			if err := c.reconcile(ctx, &all.Items[i]); err != nil {
				log.Printf("%s/%s: %v", all.Items[i].Namespace, all.Items[i].Name, err)
			}
		}
	}
}

// reconcile applies the VirtualServices of an Ingress that has changed, and sets the
// status once all pods of the gateway serve them.
func (c controller) reconcile(ctx context.Context, from *v1alpha1.Ingress) error {
	if from.Annotations[networking.IngressClassAnnotationKey] != class || from.DeletionTimestamp != nil {
		return nil
	}
	if from.Status.GetCondition(v1alpha1.IngressConditionReady).IsTrue() && from.Status.ObservedGeneration == from.Generation {
		return nil
	}
	from.SetDefaults(ctx)
	from.Status.InitializeConditions()
	probed := from.DeepCopy()
	hash, err := ingress.InsertProbe(probed)
	if err != nil {
		return err
	}
	for _, service := range virtualServices(probed) {
		service.OwnerReferences = []metav1.OwnerReference{*kmeta.NewControllerRef(from)}
		if err := c.apply(ctx, service); err != nil {
			return err
		}
	}
	from.Status.MarkNetworkConfigured()
	if err := c.probe(ctx, from, hash); err != nil {
		log.Printf("%s/%s: %v", from.Namespace, from.Name, err)
		from.Status.MarkLoadBalancerNotReady()
	} else {
		from.Status.MarkLoadBalancerReady(at("istio-ingressgateway"), at("knative-local-gateway"))
	}
	from.Status.ObservedGeneration = from.Generation
	_, err = c.knative.NetworkingV1alpha1().Ingresses(from.Namespace).UpdateStatus(ctx, from, metav1.UpdateOptions{})
	return err
}

// at is the status that names a Service of Istio's.
func at(service string) []v1alpha1.LoadBalancerIngressStatus {
	return []v1alpha1.LoadBalancerIngressStatus{{DomainInternal: service + "." + gatewayNamespace + clusterDomain}}
}

func (c controller) apply(ctx context.Context, service *istio.VirtualService) error {
	text, err := json.Marshal(service)
	if err != nil {
		return err
	}
	force := true
	_, err = c.istio.NetworkingV1beta1().VirtualServices(service.Namespace).Patch(ctx, service.Name, types.ApplyPatchType, text,
		metav1.PatchOptions{FieldManager: manager, Force: &force})
	return err
}
